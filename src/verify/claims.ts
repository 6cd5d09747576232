// What says that a stream went at least, or exactly, as far as some entry: signed heads, and the
// openings and closings in which one stream names others. A claim is true only if an entry with
// exactly that sequence and hash is there; this is what finds removed tails and whole streams.
import type { StreamChain } from "./chain.ts";
import type { Findings } from "./findings.ts";
import { type Entry, isHash, isSequence } from "./format.ts";

export interface Claim {
  readonly stream: string;
  /** 0 of a stream that was found without entries. */
  readonly seq: number;
  readonly hash: string;
  /** Who says so, for the report. */
  readonly by: string;
  /** True if the claim is also that nothing follows. */
  readonly last: boolean;
  /** The entry that makes the claim; null where a signature does. */
  readonly from: { readonly stream: string; readonly seq: number } | null;
}

/** The claims of an opening or closing; null if it should make some and makes none. */
export function claimsOf(entry: Entry): readonly Claim[] | null {
  const details = objectOf(entry.details);
  if (details === null) return null;
  const by = `the ${entry.action === "audit.open" ? "opening" : "closing"} at entry ${entry.seq} of ${entry.stream}`;
  if (entry.action === "audit.open") {
    const others: unknown = details.others;
    if (!Array.isArray(others)) return null;
    const claims = others.map((other: unknown) => claimOf(entry, other, by, false));
    return claims.every((claim) => claim !== null) ? claims : null;
  }
  if (details.graceful === true && details.stream === entry.stream) return [];
  const claim = claimOf(entry, details, by, true);
  return claim === null ? null : [claim];
}

function claimOf(entry: Entry, value: unknown, by: string, last: boolean): Claim | null {
  if (typeof value !== "object" || value === null) return null;
  const { stream, seq, hash } = value as Record<string, unknown>;
  if (typeof stream !== "string" || !(seq === 0 || isSequence(seq)) || !isHash(hash)) return null;
  // An entry without a sequence is broken; nothing reaches it.
  const from = { stream: entry.stream, seq: entry.seq ?? Number.POSITIVE_INFINITY };
  return { stream, seq, hash, by, last, from };
}

function objectOf(details: Entry["details"]): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(String(details));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** Holds a claim against the chain it is about. True if the entry is there, exactly so. */
export function checkClaim(claim: Claim, chain: StreamChain | undefined, findings: Findings): boolean {
  const { stream, seq, hash, by } = claim;
  if (seq === 0) return checkEnd(claim, chain, findings);
  if (chain === undefined || (chain.count === 0 && chain.removedTo === 0)) {
    findings.add("missing", stream, null, `the whole stream is missing; ${by} names its entry ${seq}`);
    return false;
  }
  if (seq > chain.last) {
    const message = `the stream ends at entry ${chain.last}; ${by} names entry ${seq}`;
    findings.add("tail-removed", stream, chain.last + 1, message);
    return false;
  }
  const stored = chain.hashAt(seq);
  if (stored === undefined) {
    // Removed with a record: what is said of such an entry stays true.
    if (seq <= chain.removedTo) return checkEnd(claim, chain, findings);
    // A gap is told as such already; without one the entry must have been found.
    if (!chain.lacks(seq)) findings.add("missing", stream, seq, `entry ${seq} is missing; ${by} names it`);
    return false;
  }
  if (stored !== hash) {
    const message = `the chain up to entry ${seq} was rewritten: ${by} names another hash`;
    findings.add("edited", stream, seq, message);
    return false;
  }
  return checkEnd(claim, chain, findings);
}

function checkEnd(claim: Claim, chain: StreamChain | undefined, findings: Findings): boolean {
  if (!claim.last || chain === undefined || chain.last <= claim.seq) return true;
  const message = `the stream goes on to entry ${chain.last} after ${claim.by} closed it at entry ${claim.seq}`;
  findings.add("added", claim.stream, claim.seq + 1, message);
  return false;
}
