// The real clients of Buildkite secrets against servers on empty data folders.

import { sayWhatWasNotRun } from "../support/go.ts";
import { openSuite } from "../support/suite.ts";
import { buildClients, type Clients } from "./clients.ts";
import { jobChecks } from "./job.ts";
import { oidcChecks } from "./oidc.ts";
import { restChecks } from "./rest.ts";
import { retryChecks } from "./retry.ts";
import { secretGetChecks } from "./secret-get.ts";
import { closeSite, openSite } from "./site.ts";
import { tlsChecks } from "./tls.ts";

const suite = openSuite();
const clients = await buildClients();
if (clients === null) suite.notRun("every client", "Go, which builds them, is not installed");
else await runAll(clients);
suite.end();

async function runAll({ agent, rest }: Clients): Promise<void> {
  const site = await openSite();
  await secretGetChecks(suite, site, agent);
  await jobChecks(suite, site, agent);
  await restChecks(suite, site, { agent, rest });
  await closeSite(site);
  await oidcChecks(suite, agent);
  await tlsChecks(suite, agent);
  await retryChecks(suite, agent);
  suite.notAsShipped(
    "buildkite-agent: patterns of files (artifacts, if_changed, keys of caches) are refused, because the " +
      "module drjosh.dev/zzglob stands replaced by agent/zzglob; nothing else is",
  );
  await sayWhatWasNotRun(suite, "bk", "github.com/buildkite/cli/v3");
  await sayWhatWasNotRun(
    suite,
    "the Terraform provider",
    "github.com/buildkite/terraform-provider-buildkite",
  );
}
