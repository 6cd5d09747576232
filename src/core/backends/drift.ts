// Looks now and then whether values lie where their rows say. What is missing is told, never repaired:
// the metadata is all that is left of it.
import { systemCaller } from "../caller.ts";
import { limits } from "../limits.ts";
import type { Context, Query } from "../ports.ts";
import { recordLoss } from "./lost.ts";
import { type Backend, BackendError } from "./port.ts";
import type { RemoteRow } from "./records.ts";
import { noteBackendState, readBackendState } from "./state.ts";

interface SampleInput {
  readonly backend: string;
  readonly after: string | null;
}

export const driftSample: Query<SampleInput, readonly RemoteRow[]> = {
  name: "backend.sample",
  run: (tx, { backend, after }) => tx.remote.versionsIn(backend, after, limits.driftSample),
};

interface Parts {
  readonly alert: (what: string, details: Readonly<Record<string, string | number>>) => void;
}

export async function checkDrift(
  { database, clock }: Context,
  backend: Backend,
  { alert }: Parts,
  stopped: () => boolean,
): Promise<void> {
  const { name } = backend;
  const { driftAfter } = await database.point(readBackendState, { backend: name });
  const rows = await database.scan(driftSample, { backend: name, after: driftAfter });
  let checked = 0;
  let missing = 0;
  for (const row of rows) {
    if (stopped()) return;
    checked += 1;
    if (await lies(backend, row)) continue;
    missing += 1;
    const { organizationId, secretId, versionId } = row;
    alert("a value is not in its backend", { backend: name, secretId, versionId });
    await database.execute(recordLoss, {
      caller: systemCaller("backends"),
      at: clock.now(),
      address: { organizationId, secretId, versionId },
      backend: name,
      code: "value.missing",
    });
  }
  // From the beginning again when the end was reached.
  const last = rows.length === limits.driftSample ? (rows.at(-1)?.versionId ?? null) : null;
  const drift = { at: clock.now(), checked, missing };
  await database.execute(noteBackendState, { backend: name, change: { drift, driftAfter: last } });
}

async function lies(backend: Backend, { ref, version }: RemoteRow): Promise<boolean> {
  if (ref === null || version === null) return false;
  try {
    (await backend.get({ ref, version })).fill(0);
    return true;
  } catch (error) {
    if (error instanceof BackendError && error.failure === "not-found") return false;
    throw error;
  }
}
