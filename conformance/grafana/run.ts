// The clients of Grafana's secrets API: kubectl as this machine has it, Kubernetes' own client for
// JavaScript, and k6, against a server with TLS on an empty data folder.
import { sayWhatWasNotRun } from "../support/go.ts";
import { openSuite } from "../support/suite.ts";
import { clientNodeChecks } from "./client-node.ts";
import { buildK6, k6Checks } from "./k6.ts";
import { isThere, kubectlChecks } from "./kubectl.ts";
import { openSite } from "./site.ts";

const notBuilt = [
  ["the client of the Synthetic Monitoring agent", "github.com/grafana/gsm-api-go-client"],
  ["the Terraform provider", "github.com/grafana/terraform-provider-grafana/v4"],
  ["grafanactl", "github.com/grafana/grafanactl"],
] as const;

const suite = openSuite();
const site = await openSite();
const version = await isThere();
if (version === null) suite.notRun("kubectl", "it is not installed; Debian has it in kubernetes-client");
else {
  console.log(`kubectl ${version}`);
  await kubectlChecks(suite, site);
}
await clientNodeChecks(suite, site);
const k6 = await buildK6();
if (k6 === null) suite.notRun("k6", "Go, which builds it, is not installed");
else await k6Checks(suite, site, k6);
for (const [client, module] of k6 === null ? [] : notBuilt) await sayWhatWasNotRun(suite, client, module);
await site.coffer.stop();
suite.end();
