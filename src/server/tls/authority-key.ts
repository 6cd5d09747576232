// The key of the certificate authority: one for the installation, made by the first node that wants it,
// sealed under the installation key in the database and opened only while something is issued.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { systemCaller } from "../../core/caller.ts";
import { CofferError } from "../../core/errors.ts";
import { addInternalKeys, readKeys } from "../../core/installation.ts";
import type { Context, InternalKeyRecord } from "../../core/ports.ts";

type Parts = Pick<Context, "database" | "keyring" | "clock">;

/** The public half of the key, as it lies in the clear; null before there is one. */
export async function knownAuthority({ database }: Pick<Parts, "database">): Promise<string | null> {
  const { internalKeys } = await database.point(readKeys, null);
  return recordOf(internalKeys)?.publicKey ?? null;
}

/** The key, which is made where there is none. */
export async function authorityKey(parts: Parts): Promise<KeyObject> {
  const { database, keyring, clock } = parts;
  const before = await database.point(readKeys, null);
  if (recordOf(before.internalKeys) === null) {
    const at = clock.now();
    const keys = [keyring.sealAuthority(before.keys, newKey(), at)];
    await database.execute(addInternalKeys, { caller: systemCaller("start"), at, keys });
  }
  // Whoever was first: two nodes may have started at once.
  const { keys, internalKeys } = await database.point(readKeys, null);
  const record = recordOf(internalKeys);
  if (record === null) throw new CofferError("internal", "The authority's key was not kept.");
  const pkcs8 = keyring.openAuthority(keys, record);
  try {
    return createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  } finally {
    pkcs8.fill(0);
  }
}

/** SPKI in base64, as it stands beside a sealed key. */
export function publicKeyText(key: KeyObject): string {
  const half = key.type === "private" ? createPublicKey(key) : key;
  return half.export({ type: "spki", format: "der" }).toString("base64");
}

function newKey() {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    pkcs8: privateKey.export({ format: "der", type: "pkcs8" }),
    publicKey: publicKeyText(privateKey),
  };
}

function recordOf(internalKeys: readonly InternalKeyRecord[]): InternalKeyRecord | null {
  return internalKeys.find(({ purpose }) => purpose === "tls-authority") ?? null;
}
