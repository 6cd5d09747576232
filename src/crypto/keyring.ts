// The open keyring: seals and opens values, compares them by fingerprint, signs audit heads. It
// knows no tables, no callers and no root provider's ways. Key bytes live in key objects only,
// plaintext bytes no longer than one call.
import type { Clock } from "../core/clock.ts";
import { CofferError } from "../core/errors.ts";
import type { Ids } from "../core/ids.ts";
import { Plaintext } from "../core/plaintext.ts";
import type { Address, InternalKeyRecord, KeyRecord, Keyring } from "../core/ports.ts";
import type { SealedValue } from "../core/secrets/secret.ts";
import { payloadOf } from "./access-tokens.ts";
import { damagedValue, openValue, parseEnvelope, sealValue, textOf, valueBinding } from "./envelope.ts";
import { authenticated, fingerprintOf } from "./fingerprint.ts";
import { newInternalKey, newWrappedKey } from "./installation.ts";
import { signJwt, verifyJwt } from "./jwt.ts";
import {
  installationKeys,
  type LateKeys,
  lacksRoot,
  lateKeys,
  lateNames,
  latePurposes,
  type OpenKeys,
  openedInternal,
  openKeys,
  unwrap,
} from "./open-keys.ts";
import { type RootKey, type RootKeys, rootKeys } from "./roots/keys.ts";
import { signHead, signSegment } from "./signing.ts";
import { type OrganizationKeys, openTerms } from "./terms.ts";
import { transportBytes, transportKey } from "./transport.ts";
import { sealInternalKey, wrapKey } from "./wrapping.ts";

export interface KeySource {
  readonly installationId: string;
  readonly roots: RootKeys;
  /** The root keys as their provider has them now; throws where it has none that can be used. */
  readonly rereadRoots: () => Promise<RootKeys>;
  /** The root key that the installation has for new keys; null: the provider's active one. */
  readonly wrapsUnder: string | null;
  readonly ids: Ids;
  readonly clock: Clock;
  /** All terms of the installation key. */
  readonly keys: readonly KeyRecord[];
  readonly internalKeys: readonly InternalKeyRecord[];
  readonly loadOrganizationKeys: (organizationId: string) => Promise<readonly KeyRecord[]>;
  /** As `InstallationRepository.reserveSeals`, committed before it answers. */
  readonly reserve: (keyId: string, count: number) => Promise<number | null>;
  /** Begins the organization's next term with this key, unless another one follows the used-up term already. */
  readonly renew: (organizationId: string, usedUp: number, key: KeyRecord) => Promise<unknown>;
}

export interface OpenKeyring extends Keyring {
  /** Keys for the server's own use that an installation of an earlier release has none of, made and sealed. */
  lackingKeys(at: number): readonly InternalKeyRecord[];
  /** Ends the start: these are the installation's, with what was lacking. */
  takeKeys(internalKeys: readonly InternalKeyRecord[]): void;
  /** Lets every key go; each later call is refused as on a sealed server. */
  close(): void;
}

/** Either the keyring, or which root key it would take and a sentence that says so. */
export type Unlocked =
  | { readonly sealed: false; readonly keyring: OpenKeyring }
  | { readonly sealed: true; readonly expects: string | null; readonly because: string };

interface UnlockSource extends Omit<KeySource, "roots"> {
  readonly roots: RootKeys | null;
  /** All that some key of the installation stands on: half way through a rotation there are two. */
  readonly rootsNeeded: readonly string[];
}

/** A server whose root key is missing or wrong starts sealed: it is told what to ask for. */
export function unlock(source: UnlockSource): Unlocked {
  const { roots } = source;
  const usable = source.keys.filter((key) => key.state !== "destroyed");
  const own = [...usable.filter(isCurrent), ...usable].map(({ rootKeyId }) => rootKeyId);
  const needed = [...new Set([...own, ...source.rootsNeeded])];
  const lacking = needed.filter((id) => roots === null || roots.find(id) === null);
  const expects = lacking[0] ?? needed[0] ?? null;
  if (roots === null || lacking.length > 0) {
    return { sealed: true, expects, because: lackingRoots(lacking) };
  }
  try {
    return { sealed: false, keyring: openKeyring({ ...source, roots }) };
  } catch (error) {
    if (error instanceof CofferError) return { sealed: true, expects, because: error.message };
    throw error;
  }
}

export function lackingRoots(ids: readonly string[]): string {
  const named = ids.length > 1 ? `keys ${ids.join(" and ")}` : `key ${ids[0] ?? "that wrapped its keys"}`;
  return `This installation expects the root ${named}.`;
}

function isCurrent(key: KeyRecord): boolean {
  return key.state === "current";
}

/** Throws `server.sealed` or `value.integrity` where `unlock` answers. */
export function openKeyring(source: KeySource): OpenKeyring {
  const { installationId, ids, clock } = source;
  let open: OpenKeys | null = openKeys(source);
  const terms = openTerms({
    installationId,
    unwrap: (record) => unwrap(opened().roots, installationId, record),
    load: source.loadOrganizationKeys,
    reserve: source.reserve,
    async renew(organizationId, usedUp) {
      await source.renew(organizationId, usedUp, newKey(organizationId, usedUp + 1, clock.now()));
    },
  });

  function newKey(organizationId: string, term: number, at: number): KeyRecord {
    return newWrappedKey(ids.next(), wrappingKey(), installationId, { organizationId, term }, at).record;
  }

  function wrappingKey(): RootKey {
    const { roots, wrapsUnder } = opened();
    if (wrapsUnder === null) return roots.active;
    const root = roots.find(wrapsUnder);
    if (root === null) throw lacksRoot(wrapsUnder);
    return root;
  }

  function opened(): OpenKeys {
    if (open === null) throw new CofferError("server.sealed", "The server is sealed.");
    return open;
  }

  function lateKey<N extends keyof LateKeys>(name: N): NonNullable<LateKeys[N]> {
    const key = opened().late[name];
    if (key === null) throw new CofferError("internal", "The installation lacks a key of its own.");
    return key;
  }

  /** What opens it with whichever keys it is given; null where its own is not among them. */
  function opener(
    address: Address,
    sealed: Uint8Array,
  ): (keys: OrganizationKeys | undefined) => Buffer | null {
    const envelope = parseEnvelope(sealed, address);
    let binding: Uint8Array | null = null;
    return (keys) => {
      const key = keys?.byTerm.get(envelope.term);
      if (keys === undefined || key === undefined) return null;
      binding ??= valueBinding(keys.binding, address);
      return openValue(key, envelope, binding, address);
    };
  }

  async function bytesOf(address: Address, sealed: Uint8Array): Promise<Buffer> {
    const bytesUnder = opener(address, sealed);
    const atOnce = bytesUnder(terms.cached(address.organizationId));
    if (atOnce !== null) return atOnce;
    opened();
    const loaded = bytesUnder(await terms.load(address.organizationId));
    if (loaded === null) throw damagedValue(address, "unknown-term");
    return loaded;
  }

  async function sealBytes(address: Address, value: Buffer): Promise<SealedValue> {
    try {
      const { keys, term } = await terms.takeSeal(address.organizationId);
      return {
        term: term.number,
        sealed: sealValue(term.key, term.number, valueBinding(keys.binding, address), value),
        fingerprint: fingerprintOf(opened().fingerprint, address, value),
        bytes: value.length,
      };
    } finally {
      value.fill(0);
    }
  }

  return {
    installationId,
    async seal(address, value) {
      opened();
      return sealBytes(address, Buffer.from(value.reveal()));
    },
    async open(address, sealed) {
      return new Plaintext(textOf(await bytesOf(address, sealed), address));
    },
    opening(address, sealed) {
      const bytesUnder = opener(address, sealed);
      return {
        atOnce() {
          const bytes = bytesUnder(terms.cached(address.organizationId));
          return bytes === null ? null : new Plaintext(textOf(bytes, address));
        },
      };
    },
    async reseal(from, sealed, to) {
      return sealBytes(to, await bytesOf(from, sealed));
    },
    fingerprint(address, value) {
      const bytes = Buffer.from(value.reveal());
      try {
        return fingerprintOf(opened().fingerprint, address, bytes);
      } finally {
        bytes.fill(0);
      }
    },
    authenticate(address, value) {
      const bytes = Buffer.from(value.reveal());
      try {
        return authenticated(lateKey("remoteValues"), installationId, address, bytes);
      } finally {
        bytes.fill(0);
      }
    },
    newOrganizationKey: (organizationId, at, term = 1) => newKey(organizationId, term, at),
    newInstallationKey({ keys, internalKeys }, term, at) {
      const place = { organizationId: null, term };
      const { record, key } = newWrappedKey(ids.next(), wrappingKey(), installationId, place, at);
      const sealers = installationKeys(opened().roots, installationId, keys);
      const resealed = internalKeys.map((internal) => {
        const bytes = openedInternal(sealers, installationId, internal);
        const sealed = sealInternalKey(key, installationId, internal, bytes);
        bytes.fill(0);
        return { id: internal.id, before: internal.sealed, sealed };
      });
      return { key: record, internalKeys: resealed };
    },
    rewrap(record, rootKeyId) {
      const { roots } = opened();
      const root = roots.find(rootKeyId);
      if (root === null) throw lacksRoot(rootKeyId);
      const bytes = unwrap(roots, installationId, record).export();
      const wrapped = wrapKey(root.key, installationId, record, bytes);
      bytes.fill(0);
      return wrapped;
    },
    rootKeys() {
      const { given, roots } = opened();
      const idsOf = ({ all }: RootKeys) => all.map(({ id }) => id);
      const keepers = new Map(given.all.map(({ id, keeper }) => [id, keeper]));
      return { active: given.active.id, held: idsOf(given), known: idsOf(roots), keepers };
    },
    async rereadRoots() {
      const given = await source.rereadRoots();
      const keys = opened();
      // What was given once stays until the end: a file that lost a key is no reason to lose it here.
      const lost = keys.roots.all.filter(({ id }) => given.find(id) === null);
      keys.roots = rootKeys([...given.all, ...lost], given.active);
      keys.given = given;
    },
    wrapUnder(rootKeyId) {
      opened().wrapsUnder = rootKeyId;
    },
    signHead: (head, at) => signHead(opened().signing, installationId, head, at),
    signSegment: (segment) => signSegment(opened().signing, installationId, segment),
    sealAuthority(keys, { pkcs8, publicKey }, at) {
      const current = keys.find(isCurrent);
      if (current === undefined) throw new CofferError("internal", "There is no term.");
      const key = unwrap(opened().roots, installationId, current);
      const place = { id: ids.next(), purpose: "tls-authority" } as const;
      const sealed = sealInternalKey(key, installationId, place, pkcs8);
      pkcs8.fill(0);
      return { ...place, term: current.term, sealed, publicKey, createdAt: at };
    },
    openAuthority: (keys, record) =>
      openedInternal(installationKeys(opened().roots, installationId, keys), installationId, record),
    signToken: (claims) => signJwt(lateKey("tokens"), claims),
    verifyToken: (text) => verifyJwt(lateKey("tokens"), text),
    transportKey: (holder) => transportKey(transportBytes(lateKey("transport"), installationId, holder)),
    transportText: (holder) =>
      transportBytes(lateKey("transport"), installationId, holder).toString("base64"),
    transportPayload: (holder, tokenKey) =>
      payloadOf(tokenKey, transportBytes(lateKey("transport"), installationId, holder)),
    lackingKeys(at) {
      const { installation, late } = opened();
      const [term, key] = [...installation].at(-1) ?? [];
      if (term === undefined || key === undefined) throw new CofferError("internal", "There is no term.");
      const lacking = latePurposes.filter((purpose) => late[lateNames[purpose]] === null);
      return lacking.map((purpose) => newInternalKey(ids.next(), purpose, { installationId, term, key, at }));
    },
    takeKeys(internalKeys) {
      const keys = opened();
      keys.late = lateKeys(keys.installation, installationId, internalKeys);
      // What is destroyed later must not live on here.
      keys.installation = new Map();
    },
    forget: terms.forget,
    close() {
      open = null;
      terms.clear();
    },
  };
}
