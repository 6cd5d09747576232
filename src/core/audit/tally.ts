// Counts of refusals by kind and block of addresses, minute by minute. Bounded: when too many different
// ones are counted at once, the others of a kind are counted together. It knows no database.
import { limits } from "../limits.ts";

export interface Refused {
  readonly kind: string;
  /** A block of addresses, `unknown`, or `other` for those that found no place of their own. */
  readonly block: string;
  readonly organizationId: string | null;
  readonly tokenId: string | null;
}

export interface Count extends Refused {
  readonly count: number;
  /** When the first and the last came. */
  readonly from: number;
  readonly to: number;
}

export interface Tally {
  add(refused: Refused, at: number): void;
  /** What is to be written down: the minutes that are over, or all there is. They leave the tally. */
  take(at: number, what: "over" | "all"): readonly Count[];
  /** What could not be written down comes again. */
  putBack(counts: readonly Count[]): void;
}

const minuteMs = 60_000;

export function minuteOf(at: number): number {
  return Math.floor(at / minuteMs);
}

export function tally(placesMax: number = limits.refusalCountsMax): Tally {
  let minute = 0;
  let current = new Map<string, Count>();
  let over = new Map<string, Count>();

  const put = (table: Map<string, Count>, counted: Count): void => {
    const key = keyOf(counted);
    const before = table.get(key);
    if (before === undefined && table.size >= placesMax && counted.block !== "other") {
      put(table, { ...counted, block: "other", organizationId: null, tokenId: null });
    } else table.set(key, before === undefined ? counted : sumOf(before, counted));
  };

  const turn = (at: number): void => {
    if (minuteOf(at) === minute) return;
    minute = minuteOf(at);
    // Usually the minute before was taken long ago, and this only exchanges the tables.
    if (over.size === 0) [over, current] = [current, over];
    else for (const count of current.values()) put(over, count);
    current.clear();
  };

  return {
    add(refused, at) {
      turn(at);
      put(current, { ...refused, count: 1, from: at, to: at });
    },
    take(at, what) {
      turn(at);
      if (what === "all") for (const count of current.values()) put(over, count);
      if (what === "all") current.clear();
      const taken = [...over.values()];
      over = new Map();
      return taken;
    },
    putBack(counts) {
      for (const count of counts) put(over, count);
    },
  };
}

function keyOf({ kind, block, organizationId, tokenId }: Refused): string {
  return `${kind} ${block} ${organizationId} ${tokenId}`;
}

function sumOf(one: Count, other: Count): Count {
  const { count, from, to } = other;
  return {
    ...one,
    count: one.count + count,
    from: Math.min(one.from, from),
    to: Math.max(one.to, to),
  };
}
