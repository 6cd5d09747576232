// What this process remembers of reveals: sealed values and the decisions about them. Nothing in it
// is believed: the record of each reveal checks it against the tables.
import type { Caller } from "../caller.ts";
import type { Opening } from "../keys/keyring.ts";
import { limits } from "../limits.ts";
import type { Ref } from "../organizations/organization.ts";
import { type PackedReveal, packReveal } from "./packing.ts";
import { recordOf } from "./record.ts";
import type { PreparedReveal } from "./reveal.ts";
import type { SecretRef } from "./secret.ts";

/** A prepared reveal with what was learnt of it since. */
export interface Remembered {
  readonly prepared: PreparedReveal;
  /** What each record of it says, made once. */
  readonly packed: PackedReveal;
  /** Null until it was opened once. */
  opening: Opening | null;
  /** The organization's revision at which the secret was last seen to stand. */
  seenRevision: number;
  /** When this process last moved the time of the last read. */
  touchedAt: number | null;
}

export function remembered(prepared: PreparedReveal): Remembered {
  const { organizationRevision: seenRevision, secret } = prepared;
  const packed = packReveal(recordOf(prepared));
  return { prepared, packed, opening: null, seenRevision, touchedAt: secret.lastReadAt };
}

export function touchIsDue({ touchedAt }: Remembered, at: number): boolean {
  return touchedAt === null || touchedAt + limits.lastReadEveryMs <= at;
}

/** What one credential was shown of one store, by how the secret was named. */
export interface Shelf {
  find(secret: SecretRef, at: number): Remembered | null;
  keep(secret: SecretRef, item: Remembered): void;
  forget(secret: SecretRef): void;
}

export interface RevealMemory {
  shelf(caller: Caller, organizationId: string, store: Ref): Shelf;
}

interface Place {
  readonly shelf: Map<string, Place>;
  readonly key: string;
  readonly item: Remembered;
  readonly bytes: number;
}

/** Besides its sealed bytes an entry costs about this much. */
const entryOverheadBytes = 4_000;

/** Names asked for once, over all shelves: several times what is kept. Past this many all are forgotten. */
const onceMax = 8_192;

/**
 * Bounded by bytes; what came first goes first. It keeps what is asked for a second time: who reads
 * each secret once would else push out what is read all the time, and leave much to collect.
 */
export function revealMemory(bytesMax: number = limits.revealCacheBytesMax): RevealMemory {
  // By credential, organization and store, each by itself: one long text would be made for each reveal.
  const shelves = new Map<string | null, Map<string, Map<string, Shelf>>>();
  let shelfCount = 0;
  const inOrder = new Set<Place>();
  let bytes = 0;
  // Of the shelves on which something was asked for once.
  const asked = new Set<Set<string>>();
  let onceCount = 0;

  const forgetOnce = () => {
    for (const once of asked) once.clear();
    asked.clear();
    onceCount = 0;
  };

  const drop = (place: Place | undefined) => {
    if (place === undefined) return;
    bytes -= place.bytes;
    inOrder.delete(place);
    place.shelf.delete(place.key);
  };

  const put = (shelf: Map<string, Place>, key: string, item: Remembered) => {
    drop(shelf.get(key));
    const place = { shelf, key, item, bytes: item.prepared.sealed.length + entryOverheadBytes };
    shelf.set(key, place);
    inOrder.add(place);
    bytes += place.bytes;
    for (const oldest of inOrder) {
      if (bytes <= bytesMax) break;
      drop(oldest);
    }
  };

  const newShelf = (): Shelf => {
    const here = new Map<string, Place>();
    const once = new Set<string>();
    return {
      find(secret, at) {
        const place = here.get(keyOf(secret));
        if (place === undefined) return null;
        const { validUntil } = place.item.prepared;
        if (validUntil === null || validUntil > at) return place.item;
        drop(place);
        return null;
      },
      keep(secret, item) {
        const key = keyOf(secret);
        if (once.delete(key)) onceCount -= 1;
        else if (!here.has(key)) {
          if (onceCount >= onceMax) forgetOnce();
          if (once.size === 0) asked.add(once);
          once.add(key);
          onceCount += 1;
          return;
        }
        put(here, key, item);
      },
      forget: (secret) => drop(here.get(keyOf(secret))),
    };
  };

  const putUp = (tokenId: string | null, organizationId: string, store: string): Shelf => {
    // Empty shelves are small, but credentials come and go.
    if (shelfCount >= limits.accessCacheEntriesMax) {
      shelves.clear();
      shelfCount = 0;
      inOrder.clear();
      bytes = 0;
      forgetOnce();
    }
    const ofToken = within(shelves, tokenId);
    const shelf = newShelf();
    within(ofToken, organizationId).set(store, shelf);
    shelfCount += 1;
    return shelf;
  };

  return {
    shelf({ tokenId }, organizationId, store) {
      const key = "id" in store ? `#${store.id}` : store.slug;
      return shelves.get(tokenId)?.get(organizationId)?.get(key) ?? putUp(tokenId, organizationId, key);
    },
  };
}

function within<K, L, T>(map: Map<K, Map<L, T>>, key: K): Map<L, T> {
  const inner = map.get(key) ?? new Map<L, T>();
  map.set(key, inner);
  return inner;
}

/** Most secrets are named; a name cannot hold the control character that marks an id. */
function keyOf(secret: SecretRef): string {
  return "name" in secret ? secret.name : `\u0000${secret.id}`;
}
