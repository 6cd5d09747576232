// Organization keys, open in memory: loaded once, shared, bounded, and their seals counted. It
// knows no values. No seal happens that was not first counted durably, and none past the limit.
import type { KeyObject } from "node:crypto";
import { CofferError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import type { KeyRecord } from "../core/ports.ts";
import { organizationBinding } from "./envelope.ts";

/** What an organization's values are sealed and opened with. */
export interface OrganizationKeys {
  /** The part of every binding that the organization's values share. */
  readonly binding: Uint8Array;
  readonly byTerm: ReadonlyMap<number, KeyObject>;
  readonly current: SealingTerm | null;
}

export interface SealingTerm {
  readonly keyId: string;
  readonly number: number;
  readonly key: KeyObject;
  /** Seals that are reserved and not yet used. */
  left: number;
  /** A reservation under way, shared by all who wait for it; answers whether it was granted. */
  reserving: Promise<boolean> | null;
}

export interface TermSource {
  readonly installationId: string;
  readonly unwrap: (record: KeyRecord) => KeyObject;
  readonly load: (organizationId: string) => Promise<readonly KeyRecord[]>;
  readonly reserve: (keyId: string, count: number) => Promise<number | null>;
  /** Sees to a term after this one, which may not seal any more. */
  readonly renew: (organizationId: string, usedUp: number) => Promise<void>;
}

export interface Terms {
  /** The keys if they lie open here; the way of nearly every call. */
  cached(organizationId: string): OrganizationKeys | undefined;
  /** The keys as the tables now have them. */
  load(organizationId: string): Promise<OrganizationKeys>;
  /** A term with one seal taken from its reservation. */
  takeSeal(organizationId: string): Promise<{ keys: OrganizationKeys; term: SealingTerm }>;
  /** Drops what is known: the tables changed. */
  forget(organizationId: string): void;
  clear(): void;
}

export function openTerms(source: TermSource): Terms {
  const known = new Map<string, OrganizationKeys>();
  const loading = new Map<string, Promise<OrganizationKeys>>();
  const renewing = new Map<string, Promise<void>>();

  function remember(organizationId: string, keys: OrganizationKeys): void {
    known.delete(organizationId);
    if (known.size >= limits.organizationKeysCachedMax) {
      const [oldest] = known.keys();
      if (oldest !== undefined) known.delete(oldest);
    }
    known.set(organizationId, keys);
  }

  function load(organizationId: string): Promise<OrganizationKeys> {
    const underWay = loading.get(organizationId);
    if (underWay !== undefined) return underWay;
    const promise = source
      .load(organizationId)
      .then((records) => {
        const keys = keysOf(source, organizationId, records, known.get(organizationId)?.current);
        // Who forgot the organization meanwhile must not get this older view back; and one that
        // has no keys yet is just being made.
        if (loading.get(organizationId) === promise && keys.byTerm.size > 0) remember(organizationId, keys);
        return keys;
      })
      .finally(() => {
        if (loading.get(organizationId) === promise) loading.delete(organizationId);
      });
    loading.set(organizationId, promise);
    return promise;
  }

  async function takeSeal(organizationId: string) {
    const held = known.get(organizationId);
    if (held?.current && (await take(source, held.current))) return { keys: held, term: held.current };
    // The term ended, here or by another node's rotation: the tables may have the next one.
    const keys = await load(organizationId);
    if (keys.current === null) throw new CofferError("internal", "The organization has no key to seal with.");
    if (await take(source, keys.current)) return { keys, term: keys.current };
    await renewed(organizationId, keys.current.number);
    const next = await load(organizationId);
    if (next.current !== null && (await take(source, next.current)))
      return { keys: next, term: next.current };
    throw new CofferError(
      "storage.unavailable",
      "The organization's key has sealed as many values as one key may, and there is no new one.",
    );
  }

  /** One at a time: who comes while it is under way waits for the same new term. */
  function renewed(organizationId: string, usedUp: number): Promise<void> {
    const underWay = renewing.get(organizationId);
    if (underWay !== undefined) return underWay;
    const promise = source.renew(organizationId, usedUp).finally(() => renewing.delete(organizationId));
    renewing.set(organizationId, promise);
    return promise;
  }

  function forget(organizationId: string): void {
    known.delete(organizationId);
    loading.delete(organizationId);
  }

  return {
    cached: (organizationId) => known.get(organizationId),
    load,
    takeSeal,
    forget,
    clear() {
      known.clear();
      loading.clear();
    },
  };
}

function keysOf(
  source: TermSource,
  organizationId: string,
  records: readonly KeyRecord[],
  before: SealingTerm | null | undefined,
): OrganizationKeys {
  const byTerm = new Map<number, KeyObject>();
  let current: SealingTerm | null = null;
  for (const record of records) {
    if (record.state === "destroyed") continue;
    const key = source.unwrap(record);
    byTerm.set(record.term, key);
    if (record.state !== "current") continue;
    // A reload keeps what is left of a reservation; it is still counted.
    current = before?.keyId === record.id ? before : sealingTerm(record, key);
  }
  return { binding: organizationBinding(source.installationId, organizationId), byTerm, current };
}

function sealingTerm(record: KeyRecord, key: KeyObject): SealingTerm {
  return { keyId: record.id, number: record.term, key, left: 0, reserving: null };
}

async function take(source: TermSource, term: SealingTerm): Promise<boolean> {
  while (term.left === 0) {
    term.reserving ??= reserveBlock(source, term).finally(() => {
      term.reserving = null;
    });
    if (!(await term.reserving)) return false;
  }
  term.left -= 1;
  return true;
}

/** False when the term may not seal any more: retired, or used up. */
async function reserveBlock(source: TermSource, term: SealingTerm): Promise<boolean> {
  const count = limits.sealsPerBlock;
  const total = await source.reserve(term.keyId, count);
  // The table refuses what would pass the limit; this is the second check of the same promise.
  if (total === null || total > limits.sealsPerTermMax) return false;
  term.left += count;
  return true;
}
