// Bitwarden's own clients against a server on an empty data folder: its SDK for Node over http and TLS,
// `bws` and its SDK for Python, which refuse http, over TLS.
import { deepEqual, equal } from "node:assert/strict";
import { join } from "node:path";
import { cleanEnvironment, run, temporaryFolder } from "../support/processes.ts";
import { openSuite } from "../support/suite.ts";
import { bwsChecks } from "./bws.ts";
import { installBws, installNode, installPython } from "./clients.ts";
import { sdkChecks } from "./sdk.ts";
import { addAccount, addProject, openSite, variables } from "./site.ts";

const suite = openSuite();
const modules = await installNode();
await sdkChecks(suite, modules, false);
await sdkChecks(suite, modules, true);

const site = await openSite(true);
const python = await installPython();
await suite.check("the SDK for Python over https: a secret from beginning to end", async () => {
  const account = await addAccount(site, "python");
  const env = cleanEnvironment({
    ...variables(site, account),
    PROJECT: await addProject(site, account, "Python"),
    STATE: join(temporaryFolder(), "state"),
    PYTHONPATH: python.folder,
    PYTHONDONTWRITEBYTECODE: "1",
  });
  const { code, stdout, stderr } = await run(python.program, [join(import.meta.dirname, "python.py")], {
    env,
  });
  equal(code, 0, stderr);
  deepEqual(JSON.parse(stdout), { read: "pÿthon", changed: "new", synced: ["new"], removed: [null] });
});

const bws = await installBws();
if ("because" in bws) suite.notRun("bws", bws.because);
else await bwsChecks(suite, bws.program, site);
await site.coffer.stop();
suite.end();
