// What is sealed or wrapped before its transaction may meet a rotation on its way there. Then nothing
// was done, and it is sealed anew: clients see no error.
import { CofferError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Context } from "../ports.ts";
import { readRootStanding } from "./root.ts";

/** Null: an organization that is just being made. */
export async function sealing<T>(
  ctx: Pick<Context, "keyring" | "database">,
  organizationId: string | null,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let turn = 0; ; turn += 1) {
    try {
      return await attempt();
    } catch (error) {
      const rotated = error instanceof CofferError && error.code === "key.rotated";
      if (!rotated || turn >= limits.redecideMax) throw error;
      if (organizationId !== null) ctx.keyring.forget(organizationId);
      const { current } = await ctx.database.point(readRootStanding, null);
      if (current !== null) ctx.keyring.wrapUnder(current);
    }
  }
}
