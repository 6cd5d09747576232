// Writing values that go to another backend: said first, sent then, and made true last. Whoever is
// killed in between has told nobody of success, and what he left is taken away. Where every value of a
// request goes into the database it is one transaction, as without other backends.
import { CofferError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Context } from "../ports.ts";
import type { SealedValue } from "../secrets/secret.ts";
import { abortWrites } from "./abort.ts";
import { atMost, type Backends } from "./backends.ts";
import type { IntendedWrite, Intending, RemoteCall } from "./call.ts";
import { backendUnavailable, tooLargeForBackend } from "./errors.ts";
import type { ValueMutation } from "./intents.ts";
import { writePointer } from "./pointer.ts";
import { type Backend, BackendError, type RemoteVersion } from "./port.ts";

export async function writeValues<I extends OrganizationCall, O>(
  ctx: Context,
  { command, intent }: ValueMutation<I, O>,
  input: I,
): Promise<O> {
  const { backends, database } = ctx;
  if (backends.all.length === 0) return database.execute(command, input);
  const owner = ctx.ids.next();
  const intended = await database.execute(intent, withRemote(input, intending(backends, owner, input.at)));
  const { writes } = intended;
  if (writes.length === 0) return intended.done;
  let sent = false;
  try {
    backends.fault(`${command.name}.after-intent`);
    sent = true;
    const pointers = await sendAll(ctx, input.organizationId, writes);
    backends.fault(`${command.name}.after-remote`);
    const at = ctx.clock.now();
    const keeps = Object.fromEntries(
      backends.all.map(({ name, limits: { maxVersions } }) => [name, maxVersions]),
    );
    const remote = {
      step: "settle",
      owner,
      clock: backends.sharedClock ? null : at,
      pointers,
      keeps,
    } as const;
    return await database.execute(command, withRemote({ ...input, at }, remote));
  } catch (error) {
    const told = toldAs(error);
    const failed = error instanceof BackendError && told instanceof CofferError;
    const entry = failed ? (command.refused?.(input, told) ?? null) : null;
    const given = {
      at: ctx.clock.now(),
      owner,
      writes: writes.map((write) => ({ ...write, organizationId: input.organizationId })),
      unsent: !sent,
      entry: entry && { ...entry, details: failureOf(error) },
    };
    // If this fails too, the lease runs out and the reconciler does the same.
    await database.execute(abortWrites, given).catch(() => 0);
    throw told;
  }
}

function withRemote<I extends OrganizationCall>(input: I, remote: RemoteCall): I {
  return { ...input, remote };
}

function intending(backends: Backends, owner: string, at: number): Intending {
  const capacity = Object.fromEntries(
    backends.all.map(({ name, limits: { maxBytes }, payload }) => [
      name,
      { bytes: maxBytes, sealed: payload === "sealed" },
    ]),
  );
  const clock = backends.sharedClock ? null : at;
  return { step: "intend", owner, clock, leaseMs: backends.rules.leaseMs, capacity };
}

async function sendAll(
  ctx: Context,
  organizationId: string,
  writes: readonly IntendedWrite[],
): Promise<Record<string, SealedValue>> {
  const sent = await atMost(limits.remoteWritesMax, writes, async ({ backend: name, ...write }) => {
    const backend = ctx.backends.find(name);
    if (backend === null) throw backendUnavailable();
    return [write.versionId, await send(ctx, backend, { ...write, organizationId })] as const;
  });
  return Object.fromEntries(sent);
}

export interface Outgoing {
  readonly organizationId: string;
  readonly secretId: string;
  readonly versionId: string;
  /** Of this attempt; the version's own id where it is the first. */
  readonly writeId?: string;
  /** Sealed for the version. */
  readonly value: SealedValue;
}

/** Puts one value where it goes, and answers the pointer that stands for it. */
export async function send(ctx: Context, backend: Backend, outgoing: Outgoing): Promise<SealedValue> {
  const { organizationId, secretId, versionId, writeId = versionId, value } = outgoing;
  const address = { organizationId, secretId, versionId };
  const place = { organizationId, secretId };
  if (backend.payload === "sealed") {
    const landed = await put(backend, { place, writeId, bytes: value.sealed });
    return { ...value, sealed: pointerTo(backend, writeId, landed, null) };
  }
  const plain = await ctx.keyring.open(address, value.sealed);
  const bytes = Buffer.from(plain.reveal());
  try {
    const landed = await put(backend, { place, writeId, bytes });
    const mac = ctx.keyring.authenticate(address, plain);
    // Nothing of it is sealed, so no term of a key has anything to do with it.
    return { ...value, term: 0, sealed: pointerTo(backend, writeId, landed, mac) };
  } finally {
    bytes.fill(0);
  }
}

async function put(backend: Backend, write: Parameters<Backend["put"]>[0]): Promise<RemoteVersion> {
  try {
    return await backend.put(write);
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    if (error.failure === "too-large") throw tooLargeForBackend(write.bytes.length - 1);
    if (error.failure !== "ambiguous") throw error;
    const found = await backend.probe(write.place, write.writeId);
    if (found === null) throw error;
    return found;
  }
}

function pointerTo(
  { name }: Backend,
  writeId: string,
  { ref, version }: RemoteVersion,
  mac: Uint8Array | null,
): Uint8Array {
  return writePointer({ backend: name, writeId, ref, version, mac });
}

function toldAs(error: unknown): unknown {
  return error instanceof BackendError ? backendUnavailable(error) : error;
}

/** The class of what happened and the vendor's id of the request, for the trail; never its words. */
function failureOf(error: unknown): Readonly<Record<string, string>> | null {
  if (!(error instanceof BackendError)) return null;
  const { failure, vendorRequestId } = error;
  return { failure, ...(vendorRequestId === null ? {} : { vendorRequestId }) };
}
