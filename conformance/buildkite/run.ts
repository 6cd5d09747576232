// The real clients of Buildkite secrets against servers on empty data folders.
import { openSuite } from "../support/suite.ts";
import { buildClients, type Clients, deliveryOf } from "./clients.ts";
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
  await sayWhatWasNotRun("bk", "github.com/buildkite/cli/v3");
  await sayWhatWasNotRun("the Terraform provider", "github.com/buildkite/terraform-provider-buildkite");
}

async function sayWhatWasNotRun(client: string, module: string): Promise<void> {
  const delivery = await deliveryOf(module);
  if (delivery === "delivered")
    suite.notRun(client, `${module} can be had here, and no check of it is written`);
  else if ("refused" in delivery) suite.notDelivered(client, `${module}: ${delivery.refused}`);
  else suite.notRun(client, `${module}: ${delivery.unclear}`);
}
