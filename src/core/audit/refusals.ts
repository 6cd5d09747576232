// Refusals that are counted instead of written down one by one, so that nobody fills the audit trail by
// being refused: requests without a valid credential, and those of one credential beyond a bound. Once
// a minute the counts become entries, one for each kind and block of addresses.
import { blockText } from "../addresses.ts";
import { systemCaller } from "../caller.ts";
import type { Clock } from "../clock.ts";
import { CofferError } from "../errors.ts";
import { limits } from "../limits.ts";
import { entryOf, recordRefusals } from "../operation.ts";
import type { Database } from "../ports.ts";
import type { AuditEntry } from "./entry.ts";
import { type Count, minuteOf, tally } from "./tally.ts";

/**
 * Why a request had no valid credential. It goes into the audit trail, and to the client only where a
 * dialect's contract says so: `wrong` is a known id with another secret, `finished` one of a job that was
 * ended, `elsewhere` one that is not accepted from that address, `untrusted` a foreign token that no trust
 * lets in, `misplaced` a valid one of a kind that the dialect does not know where it was sent.
 */
export const unauthenticatedKinds = [
  "missing",
  "malformed",
  "unknown",
  "wrong",
  "ended",
  "finished",
  "elsewhere",
  "throttled",
  "untrusted",
  "misplaced",
] as const;
export type UnauthenticatedKind = (typeof unauthenticatedKinds)[number];

export interface Refusals {
  /** A request without a valid credential; the error says why. */
  unauthenticated(error: CofferError, address: string | null): void;
  /** Whether refusals of this credential are only counted for the rest of the minute. */
  spent(tokenId: string | null): boolean;
  /** An entry of a refusal was written down; `counted`: it was left out, because the credential was spent. */
  note(entry: AuditEntry, how: "written" | "counted"): void;
  /** Of refusals to authenticated callers those that are to be written down; the others are counted. */
  bound(entries: readonly AuditEntry[]): readonly AuditEntry[];
  /** Writes down what was counted. What cannot be written now comes with the next time. */
  write(database: Pick<Database, "share">, what: "over" | "all"): Promise<void>;
}

/** More in one body would hold up who comes next. */
const entriesMax = 256;

export function refusals(clock: Clock): Refusals {
  const nobody = tally();
  const repeats = tally();
  /** Refusals of each credential in this minute. */
  const written = new Map<string, number>();
  let minute = 0;
  let writing: Promise<void> = Promise.resolve();

  const turn = (at: number): void => {
    if (minuteOf(at) === minute) return;
    minute = minuteOf(at);
    written.clear();
  };

  const spent = (tokenId: string | null, at: number): boolean => {
    if (tokenId === null || written.size === 0) return false;
    turn(at);
    return (written.get(tokenId) ?? 0) >= limits.refusalsPerMinute;
  };

  const noteWritten = (tokenId: string | null, at: number): void => {
    if (tokenId === null) return;
    turn(at);
    const before = written.get(tokenId) ?? 0;
    const [oldest] = written.keys();
    if (before === 0 && oldest !== undefined && written.size >= limits.accessCacheEntriesMax)
      written.delete(oldest);
    written.set(tokenId, before + 1);
  };

  const noteCounted = ({ address, organizationId, caller }: AuditEntry, at: number): void => {
    const block = blockText(address);
    repeats.add({ kind: "repeated", block, organizationId, tokenId: caller.tokenId }, at);
  };

  const writeAll = async (database: Pick<Database, "share">, what: "over" | "all"): Promise<void> => {
    const at = clock.now();
    for (const counts of [nobody, repeats]) {
      const taken = counts.take(at, what);
      for (let from = 0; from < taken.length; from += entriesMax) {
        const part = taken.slice(from, from + entriesMax);
        try {
          const entries = part.map((counted) => entryOfCount(counted, at));
          await database.share(recordRefusals, entries);
        } catch (error) {
          const unknown = error instanceof CofferError && error.code === "storage.outcome_unknown";
          // Written twice would be a lie; of these the trail may have one entry too few.
          counts.putBack(unknown ? taken.slice(from + entriesMax) : taken.slice(from));
          throw error;
        }
      }
    }
  };

  return {
    unauthenticated({ because }, address) {
      // Why a foreign token is refused is told in many words; they are for whoever reads the error itself.
      const kind = unauthenticatedKinds.find((known) => known === because) ?? "untrusted";
      const refused = { kind, block: blockText(address), organizationId: null, tokenId: null };
      nobody.add(refused, clock.now());
    },
    spent: (tokenId) => spent(tokenId, clock.now()),
    note(entry, how) {
      if (how === "counted") noteCounted(entry, clock.now());
      else noteWritten(entry.caller.tokenId, clock.now());
    },
    bound(entries) {
      const at = clock.now();
      return entries.filter((entry) => {
        const counted = spent(entry.caller.tokenId, at);
        if (counted) noteCounted(entry, at);
        else noteWritten(entry.caller.tokenId, at);
        return !counted;
      });
    },
    write(database, what) {
      // One after the other: who waits for the second has what the first took written as well.
      const next = writing.then(() => writeAll(database, what));
      writing = next.catch(() => undefined);
      return next;
    },
  };
}

function entryOfCount(counted: Count, at: number): AuditEntry {
  const { kind, block, organizationId, tokenId, count, from, to } = counted;
  const repeated = kind === "repeated";
  return {
    ...entryOf(
      { caller: systemCaller("refusals"), at },
      {
        organizationId,
        action: repeated ? "refusals.counted" : "authentication.refused",
        target: { kind: repeated ? "token" : "installation", id: tokenId, name: null, storeId: null },
        outcome: "refused",
        because: kind,
        details: { count, from, to },
      },
    ),
    address: block,
  };
}
