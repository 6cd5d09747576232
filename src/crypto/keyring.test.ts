import { describe, expect, test } from "vitest";
import { uuidv7 } from "../core/ids.ts";
import { limits } from "../core/limits.ts";
import { Plaintext } from "../core/plaintext.ts";
import type { KeyRecord } from "../core/ports.ts";
import { newInstallation, newWrappedKey } from "./installation.ts";
import { openKeyring, unlock } from "./keyring.ts";
import { formatRootKeyFile, newRootKey, parseRootKeys, type RootKeys } from "./roots/keys.ts";

const clock = { now: () => 1_732_000_000_000 };
const ids = uuidv7(clock);
const newRoots = () => parseRootKeys(formatRootKeyFile(newRootKey()));

/** A keyring beside a table of keys in memory, which counts what it is asked. */
function world(roots: RootKeys = newRoots()) {
  const made = newInstallation({ ids, clock, roots });
  const table: KeyRecord[] = [];
  const asked = { loads: 0, reserves: 0, renews: 0 };
  const source = {
    installationId: made.installation.id,
    roots,
    rereadRoots: async () => roots,
    wrapsUnder: null,
    rootsNeeded: [],
    ids,
    clock,
    keys: [made.installationKey],
    internalKeys: made.internalKeys,
    async loadOrganizationKeys(organizationId: string) {
      asked.loads += 1;
      return table.filter((key) => key.organizationId === organizationId);
    },
    async reserve(keyId: string, count: number) {
      asked.reserves += 1;
      const at = table.findIndex((key) => key.id === keyId);
      const key = table[at];
      if (key?.state !== "current" || key.sealsReserved + count > limits.sealsPerTermMax) return null;
      table[at] = { ...key, sealsReserved: key.sealsReserved + count };
      return key.sealsReserved + count;
    },
    async renew(organizationId: string, usedUp: number, key: KeyRecord) {
      asked.renews += 1;
      const at = table.findIndex((it) => it.organizationId === organizationId && it.state === "current");
      const current = table[at];
      if (current === undefined || current.term !== usedUp) return;
      table[at] = { ...current, state: "retired" };
      table.push(key);
    },
  };
  const keyring = openKeyring(source);
  const organization = () => {
    const id = ids.next();
    table.push(keyring.newOrganizationKey(id, clock.now()));
    return id;
  };
  const change = (id: string, changes: Partial<KeyRecord>) => {
    for (const [at, key] of table.entries()) {
      if (key.organizationId === id && key.state === "current") table[at] = { ...key, ...changes };
    }
  };
  const rotate = (id: string) => {
    change(id, { state: "retired" });
    const place = { organizationId: id, term: 2 };
    const { record } = newWrappedKey(ids.next(), roots.active, source.installationId, place, clock.now());
    table.push(record);
  };
  return { source, keyring, organization, change, rotate, table, asked };
}

const addressIn = (organizationId: string) => ({
  organizationId,
  secretId: ids.next(),
  versionId: ids.next(),
});
const value = new Plaintext("correct horse battery staple");
const integrity = expect.objectContaining({ code: "value.integrity" });

describe("sealing and opening", () => {
  test("a value comes back byte for byte, with its length and fingerprint", async () => {
    const { keyring, organization } = world();
    const address = addressIn(organization());
    const text = "\ufeff é\u0000 \n";
    const sealed = await keyring.seal(address, new Plaintext(text));
    expect(sealed.term).toBe(1);
    expect(sealed.bytes).toBe(Buffer.byteLength(text));
    expect((await keyring.open(address, sealed.sealed)).reveal()).toBe(text);
    expect(keyring.fingerprint(address, new Plaintext(text))).toEqual(sealed.fingerprint);
    expect(Buffer.from(sealed.sealed).includes(text)).toBe(false);
  });

  test("exchanged rows of one organization and one term are an error that names the secret", async () => {
    const { keyring, organization } = world();
    const id = organization();
    const [one, other] = [addressIn(id), addressIn(id)];
    const [first, second] = [await keyring.seal(one, value), await keyring.seal(other, new Plaintext("x"))];
    expect(first.term).toBe(second.term);
    const named = expect.objectContaining({
      code: "value.integrity",
      message: expect.stringContaining(`secret ${one.secretId}, version ${one.versionId}`),
    });
    await expect(keyring.open(one, second.sealed)).rejects.toThrow(named);
    await expect(keyring.open(other, first.sealed)).rejects.toThrow(integrity);
  });

  test("the values of two organizations are sealed under two keys", async () => {
    const { keyring, organization } = world();
    const [one, other] = [addressIn(organization()), addressIn(organization())];
    const { sealed } = await keyring.seal(one, value);
    await expect(keyring.open({ ...one, organizationId: other.organizationId }, sealed)).rejects.toThrow(
      integrity,
    );
  });

  test("resealing moves a value to another address, even of another organization", async () => {
    const { keyring, organization } = world();
    const [from, to] = [addressIn(organization()), addressIn(organization())];
    const moved = await keyring.reseal(from, (await keyring.seal(from, value)).sealed, to);
    expect((await keyring.open(to, moved.sealed)).reveal()).toBe(value.reveal());
    expect(moved.fingerprint).toEqual(keyring.fingerprint(to, value));
    await expect(keyring.open(from, moved.sealed)).rejects.toThrow(integrity);
    await expect(keyring.reseal(to, (await keyring.seal(from, value)).sealed, to)).rejects.toThrow(integrity);
  });

  test("equal values of two secrets have two fingerprints, of two versions the same", () => {
    const { keyring, organization } = world();
    const address = addressIn(organization());
    const sibling = { ...address, secretId: ids.next() };
    const next = { ...address, versionId: ids.next() };
    expect(keyring.fingerprint(sibling, value)).not.toEqual(keyring.fingerprint(address, value));
    expect(keyring.fingerprint(next, value)).toEqual(keyring.fingerprint(address, value));
  });
});

describe("organization keys", () => {
  test("are loaded once, also by many callers at once", async () => {
    const { source, keyring, organization, asked } = world();
    const address = addressIn(organization());
    const sealed = await Promise.all(Array.from({ length: 20 }, () => keyring.seal(address, value)));
    expect(asked).toMatchObject({ loads: 1, reserves: 1 });
    const restarted = openKeyring(source);
    const opened = await Promise.all(sealed.map((it) => restarted.open(address, it.sealed)));
    expect(opened.map((it) => it.reveal())).toEqual(sealed.map(() => value.reveal()));
    expect(asked).toMatchObject({ loads: 2, reserves: 1 });
  });

  test("a failed load is not remembered", async () => {
    const { source, organization } = world();
    const id = organization();
    let failures = 1;
    const keyring = openKeyring({
      ...source,
      async loadOrganizationKeys(organizationId) {
        failures -= 1;
        if (failures >= 0) throw new Error("the database is away");
        return source.loadOrganizationKeys(organizationId);
      },
    });
    await expect(keyring.seal(addressIn(id), value)).rejects.toThrow("away");
    await expect(keyring.seal(addressIn(id), value)).resolves.toBeDefined();
  });

  test("an organization without keys cannot seal, and can once it has one", async () => {
    const { keyring, table } = world();
    const id = ids.next();
    await expect(keyring.seal(addressIn(id), value)).rejects.toThrow("has no key to seal with");
    table.push(keyring.newOrganizationKey(id, 0));
    await expect(keyring.seal(addressIn(id), value)).resolves.toMatchObject({ term: 1 });
  });

  test("those longest known are let go past the bound, and come back when asked for", async () => {
    const { source, keyring: maker, organization } = world();
    let loads = 0;
    const keyring = openKeyring({
      ...source,
      async loadOrganizationKeys(organizationId) {
        loads += 1;
        const known = await source.loadOrganizationKeys(organizationId);
        return known.length > 0 ? known : [maker.newOrganizationKey(organizationId, 0)];
      },
    });
    const address = addressIn(organization());
    const { sealed } = await keyring.seal(address, value);
    const looksAt = (organizationId: string) =>
      expect(keyring.open({ ...address, organizationId }, sealed)).rejects.toThrow(integrity);
    for (let at = 0; at < limits.organizationKeysCachedMax; at += 1) await looksAt(`crowd-${at}`);
    expect(loads).toBe(1 + limits.organizationKeysCachedMax);
    await looksAt("crowd-9999");
    expect(loads).toBe(1 + limits.organizationKeysCachedMax);
    expect((await keyring.open(address, sealed)).reveal()).toBe(value.reveal());
    expect(loads).toBe(2 + limits.organizationKeysCachedMax);
  });

  test("an exchanged wrapped key is an error that names the key", async () => {
    const { keyring, organization, change, table } = world();
    const [id, other] = [organization(), organization()];
    const stolen = table.find((key) => key.organizationId === other);
    change(id, { wrapped: stolen?.wrapped ?? new Uint8Array() });
    const keyId = table.find((key) => key.organizationId === id)?.id;
    await expect(keyring.seal(addressIn(id), value)).rejects.toThrow(
      expect.objectContaining({ code: "value.integrity", message: expect.stringContaining(`${keyId}`) }),
    );
  });

  test("one wrapped by a root key that is not here says which", async () => {
    const { keyring, organization, change } = world();
    const id = organization();
    change(id, { rootKeyId: "rk_0123456789abcdef" });
    await expect(keyring.seal(addressIn(id), value)).rejects.toThrow(
      expect.objectContaining({
        code: "server.sealed",
        message: expect.stringContaining("rk_0123456789abcdef"),
      }),
    );
  });
});

describe("terms", () => {
  test("seals are reserved a block at a time, before they are used", async () => {
    const { keyring, organization, asked, table } = world();
    const address = addressIn(organization());
    await Promise.all(Array.from({ length: 3 }, () => keyring.seal(address, value)));
    expect(table[0]?.sealsReserved).toBe(limits.sealsPerBlock);
    expect(asked.reserves).toBe(1);
  });

  test("the seal after a block's last waits for the next block", async () => {
    const { keyring, organization, asked, table } = world();
    const address = addressIn(organization());
    const tiny = new Plaintext("");
    for (let at = 0; at < limits.sealsPerBlock; at += 1) await keyring.seal(address, tiny);
    expect(asked.reserves).toBe(1);
    await Promise.all([keyring.seal(address, tiny), keyring.seal(address, tiny)]);
    expect(asked.reserves).toBe(2);
    expect(table[0]?.sealsReserved).toBe(2 * limits.sealsPerBlock);
  });

  test("nothing is sealed when the reservation failed", async () => {
    const { source, organization } = world();
    const keyring = openKeyring({ ...source, reserve: () => Promise.reject(new Error("disk full")) });
    await expect(keyring.seal(addressIn(organization()), value)).rejects.toThrow("disk full");
  });

  test("a key that sealed as often as it may opens, and the next term begins by itself", async () => {
    const { keyring, organization, change, source, asked } = world();
    const address = addressIn(organization());
    const { sealed } = await keyring.seal(address, value);
    change(address.organizationId, { sealsReserved: limits.sealsPerTermMax });
    const restarted = openKeyring(source);
    const anew = await Promise.all(Array.from({ length: 5 }, () => restarted.seal(address, value)));
    expect(anew.map(({ term }) => term)).toEqual([2, 2, 2, 2, 2]);
    expect(asked.renews).toBe(1);
    for (const it of [sealed, anew[0]?.sealed]) {
      expect((await restarted.open(address, it ?? sealed)).reveal()).toBe(value.reveal());
    }
  });

  test("a key that sealed as often as it may seals no more where no term follows", async () => {
    const { organization, change, source } = world();
    const address = addressIn(organization());
    change(address.organizationId, { sealsReserved: limits.sealsPerTermMax });
    const keyring = openKeyring({ ...source, renew: async () => null });
    await expect(keyring.seal(address, value)).rejects.toThrow(
      expect.objectContaining({
        code: "storage.unavailable",
        message: expect.stringContaining("there is no new one"),
      }),
    );
  });

  test("a reservation that would pass the limit is not used, whatever the table answers", async () => {
    const { source, organization } = world();
    const keyring = openKeyring({ ...source, reserve: async () => limits.sealsPerTermMax + 1 });
    await expect(keyring.seal(addressIn(organization()), value)).rejects.toThrow("there is no new one");
  });

  test("a retired term opens; the next one seals as soon as the tables have it", async () => {
    const { keyring, organization, rotate, source } = world();
    const address = addressIn(organization());
    const before = await keyring.seal(address, value);
    rotate(address.organizationId);
    keyring.forget(address.organizationId);
    const after = await keyring.seal(address, value);
    expect([before.term, after.term]).toEqual([1, 2]);
    for (const ring of [keyring, openKeyring(source)]) {
      expect((await ring.open(address, before.sealed)).reveal()).toBe(value.reveal());
      expect((await ring.open(address, after.sealed)).reveal()).toBe(value.reveal());
    }
  });

  test("a term begun by another node is looked up when a value first needs it", async () => {
    const { keyring, organization, rotate, source } = world();
    const address = addressIn(organization());
    await keyring.seal(address, value);
    rotate(address.organizationId);
    const { sealed, term } = await openKeyring(source).seal(address, value);
    expect(term).toBe(2);
    expect((await keyring.open(address, sealed)).reveal()).toBe(value.reveal());
  });

  test("a destroyed term opens nothing", async () => {
    const { keyring, organization, change } = world();
    const address = addressIn(organization());
    const { sealed } = await keyring.seal(address, value);
    change(address.organizationId, { state: "destroyed" });
    keyring.forget(address.organizationId);
    await expect(keyring.open(address, sealed)).rejects.toThrow(integrity);
  });

  test("keys forgotten while they were being loaded are not taken for the newer ones", async () => {
    const { source, organization, change, keyring: first } = world();
    const address = addressIn(organization());
    const { sealed } = await first.seal(address, value);
    const older = await source.loadOrganizationKeys(address.organizationId);
    const held = Promise.withResolvers<readonly KeyRecord[]>();
    const answers = [held.promise];
    const keyring = openKeyring({
      ...source,
      loadOrganizationKeys: (id) => answers.pop() ?? source.loadOrganizationKeys(id),
    });
    const opening = keyring.open(address, sealed);
    change(address.organizationId, { state: "destroyed" });
    keyring.forget(address.organizationId);
    held.resolve(older);
    expect((await opening).reveal()).toBe(value.reveal());
    await expect(keyring.open(address, sealed)).rejects.toThrow(integrity);
  });
});

describe("starting", () => {
  test("without a root key the server starts sealed and says which it expects", () => {
    const { source } = world();
    const expects = source.roots.active.id;
    expect(unlock({ ...source, roots: null })).toEqual({
      sealed: true,
      expects,
      because: `This installation expects the root key ${expects}.`,
    });
  });

  test("with another root key the server starts sealed and says which it expects", () => {
    const { source } = world();
    expect(unlock({ ...source, roots: newRoots() })).toMatchObject({
      sealed: true,
      expects: source.roots.active.id,
    });
  });

  test("with a root key file that also holds the right key the keyring opens", () => {
    const { source } = world();
    const right = formatRootKeyFile(source.roots.active).replace(/ active\n$/, "\n");
    const line = formatRootKeyFile(newRootKey()).split("\n").at(-2);
    expect(unlock({ ...source, roots: parseRootKeys(`${right}${line}\n`) }).sealed).toBe(false);
  });

  test("keys of another installation stay shut", () => {
    const { source } = world();
    expect(unlock({ ...source, installationId: ids.next() })).toMatchObject({
      sealed: true,
      expects: source.roots.active.id,
      because: expect.stringContaining("does not open"),
    });
  });

  test("an internal key in another's place, or another public half, stays shut", () => {
    const { source } = world();
    const [signing, fingerprint] = source.internalKeys;
    if (signing === undefined || fingerprint === undefined) throw new Error("two internal keys are made");
    const exchanged = [
      { ...signing, sealed: fingerprint.sealed },
      { ...fingerprint, sealed: signing.sealed },
    ];
    expect(unlock({ ...source, internalKeys: exchanged }).sealed).toBe(true);
    const strangers = world().source.internalKeys[0]?.publicKey ?? null;
    const dressed = [{ ...signing, publicKey: strangers }, fingerprint];
    expect(unlock({ ...source, internalKeys: dressed }).sealed).toBe(true);
    expect(unlock({ ...source, internalKeys: [signing] }).sealed).toBe(true);
  });

  test("a closed keyring does nothing more", async () => {
    const { keyring, organization } = world();
    const address = addressIn(organization());
    const { sealed } = await keyring.seal(address, value);
    keyring.close();
    const shut = expect.objectContaining({ code: "server.sealed" });
    await expect(keyring.open(address, sealed)).rejects.toThrow(shut);
    await expect(keyring.seal(address, value)).rejects.toThrow(shut);
    await expect(keyring.reseal(address, sealed, address)).rejects.toThrow(shut);
    expect(() => keyring.fingerprint(address, value)).toThrow(shut);
    expect(() => keyring.newOrganizationKey(ids.next(), 0)).toThrow(shut);
    expect(() => keyring.signHead({ stream: "s", seq: 1, hash: new Uint8Array(32) }, 0)).toThrow(shut);
  });

  test("no key and no value shows when any of it is printed", async () => {
    const { keyring, source } = world();
    const shown = JSON.stringify([keyring, source.roots, unlock(source)]);
    const key = source.roots.active.key.export();
    expect(shown).not.toContain(key.toString("base64"));
    expect(shown).not.toContain(key.toString("hex"));
  });
});
