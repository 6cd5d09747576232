// What is sealed before its transaction may meet a rotation on its way there. Then nothing was done,
// and it is sealed anew: clients see no error.
import { CofferError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Keyring } from "../ports.ts";

export async function sealing<T>(
  keyring: Pick<Keyring, "forget">,
  organizationId: string,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let turn = 0; ; turn += 1) {
    try {
      return await attempt();
    } catch (error) {
      const rotated = error instanceof CofferError && error.code === "key.rotated";
      if (!rotated || turn >= limits.redecideMax) throw error;
      keyring.forget(organizationId);
    }
  }
}
