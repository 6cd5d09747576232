// What this process remembers of reveals: sealed values and the decisions about them. Nothing in it
// is believed: the record of each reveal checks it against the tables.
import type { Caller } from "../caller.ts";
import { limits } from "../limits.ts";
import type { Ref } from "../organizations/organization.ts";
import type { PreparedReveal } from "./reveal.ts";
import type { SecretRef } from "./secret.ts";

/** A prepared reveal with what was learnt of it since. */
export interface Remembered {
  readonly prepared: PreparedReveal;
  /** The organization's revision at which the secret was last seen to stand. */
  seenRevision: number;
  /** When this process last moved the time of the last read. */
  touchedAt: number | null;
}

export function remembered(prepared: PreparedReveal): Remembered {
  const { organizationRevision: seenRevision, secret } = prepared;
  return { prepared, seenRevision, touchedAt: secret.lastReadAt };
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
const entryOverheadBytes = 1_500;

/** Names asked for once on a shelf; past this many all are forgotten. */
const onceMax = 8_192;

/**
 * Bounded by bytes; what came first goes first. It keeps what is asked for a second time: who reads
 * each secret once would else push out what is read all the time, and leave much to collect.
 */
export function revealMemory(bytesMax: number = limits.revealCacheBytesMax): RevealMemory {
  const shelves = new Map<string, { places: Map<string, Place>; once: Set<string> }>();
  const inOrder = new Set<Place>();
  let bytes = 0;

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

  return {
    shelf(caller, organizationId, store) {
      const name = `${caller.tokenId}@${organizationId}/${"id" in store ? `#${store.id}` : store.slug}`;
      let shelf = shelves.get(name);
      if (shelf === undefined) {
        // Empty shelves are small, but credentials come and go.
        if (shelves.size >= limits.accessCacheEntriesMax) {
          shelves.clear();
          inOrder.clear();
          bytes = 0;
        }
        shelf = { places: new Map(), once: new Set() };
        shelves.set(name, shelf);
      }
      const { places: here, once } = shelf;
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
          if (once.delete(key) || here.has(key)) return put(here, key, item);
          if (once.size >= onceMax) once.clear();
          once.add(key);
        },
        forget: (secret) => drop(here.get(keyOf(secret))),
      };
    },
  };
}

/** Most secrets are named; a name cannot hold the control character that marks an id. */
function keyOf(secret: SecretRef): string {
  return "name" in secret ? secret.name : `\u0000${secret.id}`;
}
