// After a restore, and before anything is served: see core/restores/start-anew.ts. Here its steps are
// taken one after another, with the keys that they need.
import { systemCaller } from "../core/caller.ts";
import type { Clock } from "../core/clock.ts";
import { readKeys, type StoredKeys } from "../core/installation.ts";
import type { Database, Keyring } from "../core/ports.ts";
import { finishRestore, pendingRestore, startOrganizationsAnew } from "../core/restores/start-anew.ts";
import type { EngineLog } from "../storage/engine.ts";

interface Parts {
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly log: EngineLog;
}

/** Opens the database, and answers it when it may be served from. */
export async function openAnew(
  parts: Parts & { readonly storage: { open(): Promise<Database> }; readonly stored: StoredKeys },
): Promise<{ readonly database: Database; readonly stored: StoredKeys }> {
  const database = await parts.storage.open();
  try {
    const anew = await startAnew({ ...parts, database });
    return { database, stored: anew ? await database.point(readKeys, null) : parts.stored };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Answers whether there was something to do; the installation's keys are others then. */
export async function startAnew({
  database,
  keyring,
  clock,
  log,
}: Parts & { readonly database: Database }): Promise<boolean> {
  let restored = false;
  for (;;) {
    const pending = await database.point(pendingRestore, null);
    if (pending === null) return restored;
    restored = true;
    const { restore, organizations } = pending;
    const { number } = restore;
    const at = clock.now();
    const caller = systemCaller("restore");
    if (organizations.length > 0) {
      const keys = organizations.map(({ id, term }) => {
        return { ...keyring.newOrganizationKey(id, at, term), organizationId: id };
      });
      await database.execute(startOrganizationsAnew, { caller, at, number, keys });
      continue;
    }
    const made = keyring.newInstallationKey(await database.point(readKeys, null), pending.term, at);
    await database.execute(finishRestore, { caller, at, number, ...made });
    log.warn(
      { restore: number, backup: restore.backup },
      "the installation was restored and has started anew",
    );
  }
}
