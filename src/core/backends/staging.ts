// The two halves of a value on its way to another backend, inside a transaction: the row that says that
// it is under way, and the same row made a version when the value lies there. Until then nobody sees
// anything of it but that the name is taken.
import { actorOf } from "../caller.ts";
import { CofferError, RunAgain } from "../errors.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Transaction } from "../ports.ts";
import type { SecretChange } from "../secrets/commit.ts";
import type { SealedValue, Secret, Version } from "../secrets/secret.ts";
import { embedded } from "./backends.ts";
import type { Intending } from "./call.ts";
import { backendUnavailable, leaseLost, tooLargeForBackend } from "./errors.ts";
import { type Pointer, readPointer } from "./pointer.ts";
import { removeVersion } from "./removing.ts";

export function isRemote({ value, store }: Pick<SecretChange, "value" | "store">): boolean {
  return value !== null && store.backend !== embedded;
}

/** Whether the body only says what it would write. */
export function stages(call: OrganizationCall, changes: readonly SecretChange[]): boolean {
  const { remote } = call;
  return remote?.step === "intend" && (remote.wholly === true || changes.some(isRemote));
}

export async function stage(
  tx: Transaction,
  call: OrganizationCall,
  changes: readonly SecretChange[],
): Promise<void> {
  const { remote } = call;
  if (remote?.step !== "intend") throw new CofferError("internal", "Nothing is to be staged.");
  const until = (remote.clock ?? (await tx.remote.now())) + remote.leaseMs;
  for (const change of changes) {
    if (!isRemote(change) || change.value === null) continue;
    const { version, value } = change.value;
    const backend = change.store.backend;
    demandRoom(remote, backend, value);
    if (change.before === null && change.after !== null) {
      await tx.secrets.insert({
        ...change.after,
        state: "creating",
        version: 0,
        versionId: null,
        revision: 0,
      });
    }
    const createdBy = actorOf(call.caller);
    const place = { id: version.id, secretId: version.secretId, createdAt: call.at, createdBy };
    const { organizationId } = call;
    await tx.remote.intend(place, { organizationId, value, backend, owner: remote.owner, until });
    remote.writes?.push({ secretId: version.secretId, versionId: version.id, backend, value });
  }
}

function demandRoom({ capacity }: Intending, backend: string, value: SealedValue): void {
  const room = capacity[backend];
  if (room === undefined) throw backendUnavailable();
  const overhead = room.sealed ? value.sealed.length - value.bytes : 0;
  if (value.bytes + overhead > room.bytes) throw tooLargeForBackend(Math.max(0, room.bytes - overhead));
}

/** The value as it stands in the row: the pointer, where it went elsewhere. */
export function settledValue(call: OrganizationCall, change: SecretChange): SecretChange["value"] {
  if (change.value === null) return null;
  const { version, value } = change.value;
  if (call.remote?.step === "settle") {
    const pointer = call.remote.pointers[version.id];
    if (pointer !== undefined) return { version, value: pointer };
  }
  // A store whose backend this server does not know; or it was given one since the value was staged.
  if (isRemote(change)) throw backendUnavailable();
  return { version, value };
}

/** The pointer in which a value was staged; null for one that lies in the row. */
export function stagedIn(value: SealedValue): Pointer | null {
  return readPointer(value.sealed);
}

/** Begins the creation's second half: the row that kept the name becomes the secret's. */
export async function takeCreating(tx: Transaction, after: Secret): Promise<void> {
  if (!(await tx.remote.takeCreating(after))) throw leaseLost();
  if (!(await tx.secrets.update(after, 0))) throw new RunAgain("the creation changed");
}

export async function settle(
  tx: Transaction,
  call: OrganizationCall,
  version: Version,
  value: SealedValue,
  pointer: Pointer,
): Promise<void> {
  if (call.remote?.step !== "settle") throw new CofferError("internal", "Nothing was staged.");
  const { owner, clock, keeps } = call.remote;
  const now = clock ?? (await tx.remote.now());
  const { backend, writeId, ref, version: remoteVersion } = pointer;
  const landed = { backend, writeId, ref, version: remoteVersion };
  if (!(await tx.remote.settle(version, value, landed, { owner, now }))) throw leaseLost();
  const most = keeps[backend];
  // Else the backend drops them by itself, while their rows say that they are there.
  if (most === undefined || version.number < most) return;
  // Beside them there are the new one, the one that it replaces, and room for one on its way.
  const replaced = Math.max(0, most - 3);
  for (const row of await tx.remote.beyond(version.secretId, backend, replaced)) {
    await removeVersion(tx, row, call.at);
  }
}
