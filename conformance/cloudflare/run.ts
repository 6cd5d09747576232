// The real clients of Cloudflare's Secrets Store against a server on an empty data folder.
import "./loopback.ts";
import { equal } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cleanEnvironment, run, temporaryFolder } from "../support/processes.ts";
import { openSuite } from "../support/suite.ts";
import { installClients } from "./clients.ts";
import { goChecks } from "./go.ts";
import { olderSdkChecks, sdkChecks } from "./sdk.ts";
import { openSite, watched } from "./site.ts";
import { wranglerChecks } from "./wrangler.ts";

const clients = await installClients();
const suite = openSuite();
const site = await openSite(clients.wrangler);
await suite.check("what a client asks of other machines is noticed", async () => {
  const notes = join(temporaryFolder(), "strayed");
  const asking = "fetch('http://192.0.2.1').catch(() => {}); fetch('http://example.org').catch(() => {})";
  await run(process.execPath, ["-e", asking], { env: cleanEnvironment(watched(notes)) });
  equal(readFileSync(notes, "utf8").split("\n").sort().join(" "), " 192.0.2.1 example.org");
});
await sdkChecks(suite, site, clients.sdk);
await olderSdkChecks(suite, site, clients.olderSdk);
await goChecks(suite, site, clients.life);
await wranglerChecks(suite, site);
await suite.check("wrangler asked nothing of any other machine", () => {
  equal(site.strayed(), "");
});
await site.coffer.stop();
suite.end();
