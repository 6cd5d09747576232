// The clients of Grafana's secrets API: kubectl as this machine has it, and Kubernetes' own client for
// JavaScript, against a server with TLS on an empty data folder.
import { openSuite } from "../support/suite.ts";
import { clientNodeChecks } from "./client-node.ts";
import { isThere, kubectlChecks } from "./kubectl.ts";
import { openSite } from "./site.ts";

const suite = openSuite();
const site = await openSite();
const version = await isThere();
if (version === null) suite.notRun("kubectl", "it is not installed; Debian has it in kubernetes-client");
else {
  console.log(`kubectl ${version}`);
  await kubectlChecks(suite, site);
}
await clientNodeChecks(suite, site);
await site.coffer.stop();
suite.end();
