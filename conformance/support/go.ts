// Go's module proxy: which modules it serves, and which it refuses. A client that cannot be had is asked
// for each time, so that the day on which it can be is not missed.
import { machineEnvironment, run, temporaryFolder } from "./processes.ts";
import type { Suite } from "./suite.ts";

/** What the module proxy says to whoever asks for the module. */
type Delivery = "delivered" | { readonly refused: string } | { readonly unclear: string };

async function deliveryOf(module: string): Promise<Delivery> {
  const options = { env: machineEnvironment(), cwd: temporaryFolder() };
  const { code, stderr } = await run("go", ["list", "-m", `${module}@latest`], options);
  if (code === 0) return "delivered";
  const refusal = /\b(?:403 Forbidden|404 Not Found|410 Gone)\b/.exec(stderr);
  return refusal === null ? { unclear: stderr } : { refused: refusal[0] };
}

/** Names a client that was not run, with what the proxy said about its module just now. */
export async function sayWhatWasNotRun(suite: Suite, client: string, module: string): Promise<void> {
  const delivery = await deliveryOf(module);
  if (delivery === "delivered")
    suite.notRun(client, `${module} can be had here, and no check of it is written`);
  else if ("refused" in delivery) suite.notDelivered(client, `${module}: ${delivery.refused}`);
  else suite.notRun(client, `${module}: ${delivery.unclear}`);
}
