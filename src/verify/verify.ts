// The verification itself: chains, then what heads, openings and closings claim about them, then
// the tables. It trusts nothing it reads, and calls intact only what a signature reaches.
import { checkArchived, isVouchedFor, openArchive } from "./archive.ts";
import { StreamChain } from "./chain.ts";
import { type Claim, checkClaim, claimsOf } from "./claims.ts";
import { Digests } from "./digests.ts";
import { type Finding, Findings } from "./findings.ts";
import { type Entry, type SignedHead, signedHead } from "./format.ts";
import { claimOfHead, type Keys, readKeys } from "./heads.ts";
import { checkMarks, type RemovalMark, type Removals, readRemovals, removalMark } from "./removals.ts";
import { type RestoredFrom, restoredFrom } from "./restores.ts";
import type { ArchiveRow, AuditSource, StreamRow } from "./source.ts";

export interface VerifyOptions {
  /** The fingerprint of the only key that counts. */
  readonly key?: string | undefined;
  /** Heads kept outside the database; with them, only what they reach is proven. */
  readonly anchors?: readonly SignedHead[] | undefined;
  /** The folder of the archive: what was removed from the trail is checked there. */
  readonly archive?: string | undefined;
}

/** Entries of one stream. */
export interface Range {
  readonly stream: string;
  readonly fromSeq: number;
  readonly toSeq: number;
}

/** Entries that were removed after they had been written to an archive. */
export interface RemovedRange extends Range {
  readonly at: number;
  readonly file: string;
}

export interface Report {
  readonly verdict: "intact" | "broken" | "unproven";
  readonly streams: number;
  readonly entries: number;
  readonly findings: readonly Finding[];
  /** How many more findings there were than a report tells. */
  readonly omitted: number;
  readonly unproven: readonly Range[];
  /** Proven, but only from the moment on at which a later process found and named them. */
  readonly foundLater: readonly Range[];
  /** By the records that hold. */
  readonly removed: readonly RemovedRange[];
  readonly restored: readonly RestoredFrom[];
  /** Set where what was verified is a file of the archive: which entries it holds. */
  readonly archive: Range | null;
  readonly key: { readonly fingerprint: string | null; readonly pinned: boolean };
  /** False for an export: it carries no tables to compare the trail with. */
  readonly tablesCompared: boolean;
  readonly anchors: number | null;
}

export async function verify(source: AuditSource, options: VerifyOptions = {}): Promise<Report> {
  const findings = new Findings();
  const installation = await source.installation();
  const keys = readKeys(await source.keys(), options.key, findings);
  for (const damage of await source.damage()) findings.add("edited", null, null, damage);
  const archived = await source.archived();
  if (archived !== null) return verifyArchived(source, archived, { installation, keys, findings });
  const removals = readRemovals(await source.segments(), installation, keys, findings);
  const archive =
    options.archive === undefined
      ? null
      : await openArchive(options.archive, removals.records, installation, findings);

  const signed = (heads: readonly SignedHead[], name: "signed head" | "anchor") =>
    heads.flatMap((head) => claimOfHead(head, name, installation, keys, findings) ?? []);
  const heads = signed(await readHeads(source, findings), "signed head");
  const anchors = options.anchors === undefined ? null : signed(options.anchors, "anchor");
  const { marks, removalMarks } = await readMarks(archive?.marks(source) ?? source.marks(), findings);
  const claims = [...heads, ...(anchors ?? []), ...marks];

  const chains = chainsFor(claims, removals, findings);
  const digests = new Digests();
  const restored: RestoredFrom[] = [];
  for await (const entry of archive?.entries(source) ?? source.entries()) {
    chains.of(entry.stream).take(entry);
    digests.take(entry);
    const from = restoredFrom(entry);
    if (from !== null) restored.push(from);
  }
  for (const stream of removals.of.keys()) chains.of(stream);
  for (const chain of chains.present()) chain.finish();

  const upheld = new Set(claims.filter((claim) => checkClaim(claim, chains.find(claim.stream), findings)));
  checkStreams(await source.streams(), chains.present(), marks, findings);
  checkMarks(removalMarks, removals, findings);
  const secrets = source.secrets();
  if (secrets !== null) await digests.compare(secrets, findings);

  const proofs = (anchors ?? heads).filter((claim) => upheld.has(claim));
  const { unproven, foundLater } = reachOf(
    chains.present(),
    proofs,
    marks.filter((claim) => upheld.has(claim)),
  );
  const broken = findings.list.length > 0;
  return {
    verdict: broken ? "broken" : unproven.length > 0 ? "unproven" : "intact",
    streams: chains.present().length,
    entries: chains.present().reduce((sum, chain) => sum + chain.count, 0),
    findings: findings.list,
    omitted: findings.omitted,
    unproven,
    foundLater,
    removed: removals.records.map(({ stream, firstSeq, lastSeq, at, file }) => {
      return { stream, fromSeq: firstSeq, toSeq: lastSeq, at, file };
    }),
    restored,
    archive: null,
    key: { fingerprint: options.key ?? keys.newest, pinned: options.key !== undefined },
    tablesCompared: secrets !== null,
    anchors: options.anchors?.length ?? null,
  };
}

/** A file of the archive by itself. What it says of other streams can be checked only with them. */
async function verifyArchived(
  source: AuditSource,
  archived: ArchiveRow,
  { installation, keys, findings }: { installation: string; keys: Keys; findings: Findings },
): Promise<Report> {
  const chain = await checkArchived(source, archived, findings);
  const vouched = await isVouchedFor(source, chain, installation, keys, findings);
  const range = { stream: archived.stream, fromSeq: archived.firstSeq, toSeq: archived.lastSeq };
  return {
    verdict: findings.list.length > 0 ? "broken" : vouched ? "intact" : "unproven",
    streams: 1,
    entries: chain.count,
    findings: findings.list,
    omitted: findings.omitted,
    unproven: vouched ? [] : [range],
    foundLater: [],
    removed: [],
    restored: [],
    archive: range,
    key: { fingerprint: keys.pinned ?? keys.newest, pinned: keys.pinned !== null },
    tablesCompared: false,
    anchors: null,
  };
}

async function readHeads(source: AuditSource, findings: Findings): Promise<readonly SignedHead[]> {
  const heads: SignedHead[] = [];
  for (const row of await source.heads()) {
    const head = signedHead(row);
    if (head !== null) heads.push(head);
    else findings.add("head-forged", String(row.stream), null, "what is stored as a signed head is none");
  }
  return heads;
}

async function readMarks(
  entries: AsyncIterable<Entry>,
  findings: Findings,
): Promise<{ readonly marks: readonly Claim[]; readonly removalMarks: readonly RemovalMark[] }> {
  const marks: Claim[] = [];
  const removalMarks: RemovalMark[] = [];
  for await (const entry of entries) {
    if (entry.action === "audit.remove") {
      const mark = removalMark(entry);
      if (mark !== null) removalMarks.push(mark);
      else
        findings.add(
          "edited",
          entry.stream,
          entry.seq,
          `entry ${entry.seq} names no record of removed entries`,
        );
      continue;
    }
    const claims = claimsOf(entry);
    if (claims === null) {
      findings.add(
        "edited",
        entry.stream,
        entry.seq,
        `entry ${entry.seq} opens or closes without naming a head`,
      );
    } else marks.push(...claims);
  }
  return { marks, removalMarks };
}

function chainsFor(claims: readonly Claim[], removals: Removals, findings: Findings) {
  const wanted = new Map<string, Set<number>>();
  for (const { stream, seq } of claims) {
    const set = wanted.get(stream);
    if (set === undefined) wanted.set(stream, new Set([seq]));
    else set.add(seq);
  }
  const chains = new Map<string, StreamChain>();
  return {
    find: (stream: string) => chains.get(stream),
    present: () => [...chains.values()],
    of(stream: string): StreamChain {
      let chain = chains.get(stream);
      if (chain === undefined) {
        chain = new StreamChain(stream, wanted.get(stream) ?? new Set(), findings, removals.of.get(stream));
        chains.set(stream, chain);
      }
      return chain;
    },
  };
}

/** The list of streams against the chains: both must know of each other, and of the same ends. */
function checkStreams(
  rows: readonly StreamRow[],
  chains: readonly StreamChain[],
  marks: readonly Claim[],
  findings: Findings,
): void {
  if (rows.length === 0 && chains.length === 0)
    findings.add("missing", null, null, "there is no stream at all");
  const byId = new Map(chains.map((chain) => [chain.id, chain]));
  const closed = new Set(marks.filter((claim) => claim.last).map((claim) => claim.stream));
  for (const row of rows) {
    const chain = byId.get(row.id);
    byId.delete(row.id);
    if (chain === undefined) {
      findings.add("missing", row.id, null, "the stream is listed and has no entries");
      continue;
    }
    checkEnd(row, chain, findings);
    // The closing may have been removed together with the last of what it closed, not before.
    const gone = chain.last === chain.removedTo;
    if (row.closedAt !== null && chain.closedAt === null && !closed.has(row.id) && !gone) {
      const message = "the stream is listed as closed and its closing is missing";
      findings.add("tail-removed", row.id, chain.last + 1, message);
    }
  }
  for (const chain of byId.values()) {
    findings.add("missing", chain.id, null, "the stream has entries and is not listed");
  }
  for (const chain of chains) {
    if (!chain.opened && !chain.lacks(1) && chain.removedTo === 0)
      findings.add("missing", chain.id, 1, "the stream does not begin with its opening");
    if (chain.closedAt === null || chain.last === chain.closedAt) continue;
    const message = `the stream goes on to entry ${chain.last} after it was closed at entry ${chain.closedAt}`;
    findings.add("added", chain.id, chain.closedAt + 1, message);
  }
}

function checkEnd(row: StreamRow, chain: StreamChain, findings: Findings): void {
  // The end is listed with the closing, not before.
  if (row.lastSeq === null && row.closedAt === null) return;
  if (typeof row.lastSeq !== "number" || row.lastSeq > chain.last) {
    const message = `the stream ends at entry ${chain.last}; it is listed with entry ${row.lastSeq}`;
    findings.add("tail-removed", row.id, chain.last + 1, message);
  } else if (row.closedAt !== null && row.lastSeq < chain.last) {
    const message = `the stream goes on to entry ${chain.last}; it is listed as closed at entry ${row.lastSeq}`;
    findings.add("added", row.id, row.lastSeq + 1, message);
  } else if (row.lastSeq === chain.last && row.lastHash !== chain.lastHash) {
    findings.add("edited", row.id, chain.last, `the listed last hash is not that of entry ${chain.last}`);
  }
}

/**
 * How far proof reaches. A head proves its own stream up to itself; an entry that is proven in this
 * way proves what it names of other streams, as of the moment it was written.
 */
function reachOf(
  chains: readonly StreamChain[],
  proofs: readonly Claim[],
  marks: readonly Claim[],
): Pick<Report, "unproven" | "foundLater"> {
  // What a record covers is vouched for by the record.
  const signed = new Map(chains.map(({ id, removedTo }) => [id, removedTo]));
  for (const { stream, seq } of proofs) signed.set(stream, Math.max(seq, signed.get(stream) ?? 0));
  const proven = new Map(signed);
  for (let grown = true; grown; ) {
    grown = false;
    for (const { stream, seq, from } of marks) {
      if (from === null || (proven.get(from.stream) ?? 0) < from.seq) continue;
      if (seq <= (proven.get(stream) ?? 0)) continue;
      proven.set(stream, seq);
      grown = true;
    }
  }
  const unproven: Range[] = [];
  const foundLater: Range[] = [];
  for (const { id, last } of chains) {
    const direct = signed.get(id) ?? 0;
    const reached = Math.min(proven.get(id) ?? 0, last);
    if (reached > direct) foundLater.push({ stream: id, fromSeq: direct + 1, toSeq: reached });
    if (last > reached) unproven.push({ stream: id, fromSeq: reached + 1, toSeq: last });
  }
  return { unproven, foundLater };
}
