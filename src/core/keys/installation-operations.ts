// What operators may do with the installation's own key, and what they see of its keys as a whole.
import type { Caller } from "../caller.ts";
import { readKeys } from "../installation.ts";
import { read } from "../operation.ts";
import type { Context } from "../ports.ts";
import {
  destroyInstallationKey,
  type InstallationKeyStatus,
  installationKeyStatus,
  rotateInstallationKey,
} from "./installation.ts";
import type { RootKeeper } from "./root.ts";
import { operatorCall, permitRotation } from "./root-operations.ts";
import { nextTerm } from "./rotate.ts";
import { sealing } from "./sealing.ts";
import { termTarget } from "./term.ts";

export interface InstallationKeyOperations {
  /** With the root keys that the answering node was given, and what keeps them. */
  status(
    caller: Caller,
  ): Promise<InstallationKeyStatus & { readonly keepers: ReadonlyMap<string, RootKeeper> }>;
  rotate(caller: Caller): Promise<void>;
  destroy(caller: Caller, term: number): Promise<void>;
}

export function installationKeyOperations(ctx: Context): InstallationKeyOperations {
  const { database, keyring } = ctx;
  const target = termTarget(null);
  return {
    async status(caller) {
      const reading = { query: installationKeyStatus, action: "key.read", target, where: "scan" } as const;
      const { keepers } = keyring.rootKeys();
      return { ...(await read(ctx, reading, operatorCall(ctx, caller))), keepers };
    },
    async rotate(caller) {
      await permitRotation(ctx, caller);
      await sealing(ctx, null, async () => {
        const call = operatorCall(ctx, caller);
        const stored = await database.point(readKeys, null);
        const numbers = stored.keys.map(({ term }) => ({ number: term }));
        const made = keyring.newInstallationKey(stored, nextTerm(numbers), call.at);
        await database.execute(rotateInstallationKey, { ...call, ...made });
      });
    },
    async destroy(caller, term) {
      await database.execute(destroyInstallationKey, { ...operatorCall(ctx, caller), term });
    },
  };
}
