// The keyring as operations see it: what lies in the database opens as before, and what a pointer stands
// for is fetched first. Never an older value, never an empty one: what is missing or is not what was
// written is an error that somebody is told of.
import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../clock.ts";
import { CofferError } from "../errors.ts";
import type { Address, Keyring, Opening } from "../keys/keyring.ts";
import { limits } from "../limits.ts";
import { Plaintext } from "../plaintext.ts";
import type { Backends } from "./backends.ts";
import { backendUnavailable, valueMissing } from "./errors.ts";
import { madeAt } from "./ids.ts";
import { isPointer, type Pointer, readPointer } from "./pointer.ts";
import { type Backend, BackendError } from "./port.ts";

export interface Reading {
  readonly backends: Backends;
  readonly clock: Clock;
  /** What stands in the version's row now: it may have moved since it was read. */
  readonly stored: (address: Address) => Promise<Uint8Array | null>;
  /** A value is not where it should be, or is not what it should be. */
  readonly lost: (address: Address, backend: string, code: "value.missing" | "value.integrity") => void;
}

const elsewhere: Opening = { atOnce: () => null };

export function reachingKeyring<K extends Keyring>(keyring: K, reading: Reading): K {
  const open = async (address: Address, sealed: Uint8Array): Promise<Plaintext> =>
    isPointer(sealed) ? reached(keyring, reading, address, sealed) : keyring.open(address, sealed);
  return {
    ...keyring,
    open,
    opening: (address, sealed) => (isPointer(sealed) ? elsewhere : keyring.opening(address, sealed)),
    async reseal(from, sealed, to) {
      return isPointer(sealed)
        ? keyring.seal(to, await open(from, sealed))
        : keyring.reseal(from, sealed, to);
    },
  };
}

/** Once as it was read; if that does not do, as it stands now, and then with some patience. */
async function reached(
  keyring: Keyring,
  reading: Reading,
  address: Address,
  sealed: Uint8Array,
): Promise<Plaintext> {
  let now = sealed;
  try {
    return await fetched(keyring, reading, address, sealed, 0);
  } catch (error) {
    if (!(error instanceof CofferError)) throw error;
    now = (await reading.stored(address)) ?? sealed;
    const moved = Buffer.compare(now, sealed) !== 0;
    if (!moved && error.code !== "value.missing") throw told(reading, address, now, error);
    if (!isPointer(now)) return keyring.open(address, now);
  }
  try {
    return await fetched(keyring, reading, address, now, limits.remoteRetries);
  } catch (error) {
    throw told(reading, address, now, error);
  }
}

function told({ lost }: Reading, address: Address, stored: Uint8Array, error: unknown): unknown {
  if (error instanceof CofferError && (error.code === "value.missing" || error.code === "value.integrity")) {
    lost(address, readPointer(stored)?.backend ?? "", error.code);
  }
  return error;
}

async function fetched(
  keyring: Keyring,
  { backends, clock }: Reading,
  address: Address,
  stored: Uint8Array,
  retries: number,
): Promise<Plaintext> {
  const pointer = readPointer(stored);
  if (pointer === null) throw damaged(address);
  const backend = backends.find(pointer.backend);
  if (backend === null) throw backendUnavailable();
  try {
    const young = () => clock.now() - madeAt(pointer.writeId) < limits.remoteYoungMs;
    const bytes = await get(backend, pointer, address, { retries, young });
    return pointer.mac === null
      ? await keyring.open(address, bytes)
      : nativeValue(keyring, address, bytes, pointer.mac);
  } catch (error) {
    throw error instanceof BackendError ? backendUnavailable(error) : error;
  }
}

interface Patience {
  readonly retries: number;
  /** What was written a moment ago may not be shown yet. */
  readonly young: () => boolean;
}

async function get(
  backend: Backend,
  at: Pointer,
  address: Address,
  { retries, young }: Patience,
): Promise<Uint8Array> {
  for (let turn = 0; ; turn += 1) {
    try {
      return await backend.get(at);
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      // A conflict is a version that is there and disabled.
      if (error.failure !== "not-found" && error.failure !== "conflict") throw error;
      if (turn >= retries || error.failure === "conflict" || !young()) {
        throw valueMissing(address.secretId, error);
      }
      await wait(limits.remoteRetryMs * 2 ** turn);
    }
  }
}

const wait = (ms: number) => new Promise<void>((passed) => void setTimeout(passed, ms));

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function nativeValue(keyring: Keyring, address: Address, bytes: Uint8Array, mac: Uint8Array): Plaintext {
  let value: Plaintext;
  try {
    value = new Plaintext(utf8.decode(bytes));
  } catch (cause) {
    throw damaged(address, cause);
  }
  if (!timingSafeEqual(keyring.authenticate(address, value), mac)) throw damaged(address);
  return value;
}

function damaged(address: Address, cause?: unknown): CofferError {
  const message = `The value of secret ${address.secretId} in its backend is not the one that was written.`;
  return new CofferError("value.integrity", message, {}, { cause });
}
