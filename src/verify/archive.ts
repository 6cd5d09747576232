// The archive: files that hold the entries which records tell were removed. One can be verified by
// itself; all together stand again where they stood in their streams.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { StreamChain } from "./chain.ts";
import { checkClaim } from "./claims.ts";
import { exportSource } from "./export.ts";
import { entriesFrom, Findings } from "./findings.ts";
import { type Entry, type SignedSegment, signedHead } from "./format.ts";
import { claimOfHead, type Keys } from "./heads.ts";
import { type ArchiveRow, type AuditSource, AuditUnreadable } from "./source.ts";

/** The entries of an archive file, one chain from the hash before to the hash at its end. */
export async function checkArchived(
  source: AuditSource,
  archived: ArchiveRow,
  findings: Findings,
): Promise<StreamChain> {
  const { stream, firstSeq, lastSeq, before, hash } = archived;
  const removed = { to: firstSeq - 1, ends: new Map([[firstSeq - 1, before]]) };
  const chain = new StreamChain(stream, new Set([lastSeq]), findings, removed);
  for await (const entry of source.entries()) {
    const belongs = entry.stream === stream && (entry.seq === null || entry.seq >= firstSeq);
    if (belongs) chain.take(entry);
    else findings.add("added", entry.stream, entry.seq, "an entry stands in a file that is not about it");
  }
  chain.finish();
  if (chain.last < lastSeq) {
    const message = `the file ends at entry ${chain.last}; it should go to entry ${lastSeq}`;
    findings.add("tail-removed", stream, chain.last + 1, message);
  } else if (chain.last > lastSeq) {
    findings.add("added", stream, lastSeq + 1, `the file goes on after entry ${lastSeq}`);
  } else if (chain.lastHash !== hash) {
    findings.add("edited", stream, lastSeq, `the chain up to entry ${lastSeq} was rewritten`);
  }
  return chain;
}

/** Whether a signed head of the file vouches for its last entry. */
export async function isVouchedFor(
  source: AuditSource,
  chain: StreamChain,
  installation: string,
  keys: Keys,
  findings: Findings,
): Promise<boolean> {
  let vouched = false;
  for (const row of await source.heads()) {
    const head = signedHead(row);
    const claim = head === null ? null : claimOfHead(head, "signed head", installation, keys, findings);
    if (head === null) findings.add("head-forged", chain.id, null, "what is stored as a signed head is none");
    if (claim === null || claim.stream !== chain.id) continue;
    if (checkClaim(claim, chain, findings) && claim.seq >= chain.last) vouched = true;
  }
  return vouched;
}

/** The files of a folder that are what their records say. */
export interface Archive {
  marks(source: AuditSource): AsyncIterable<Entry>;
  /** The source's entries, with those that were removed from it in their places. */
  entries(source: AuditSource): AsyncIterable<Entry>;
}

export async function openArchive(
  folder: string,
  records: readonly SignedSegment[],
  installation: string,
  findings: Findings,
): Promise<Archive> {
  if (!existsSync(folder)) throw new AuditUnreadable(`${folder} does not exist`);
  const files = new Map<string, { to: number; paths: string[] }>();
  for (const record of records) {
    const wrong = await wrongFile(folder, record, installation);
    for (const message of wrong) {
      const range = entriesFrom(record.firstSeq, record.lastSeq);
      findings.add("removal", record.stream, record.firstSeq, `${record.file}, with ${range}, ${message}`);
    }
    if (wrong.length > 0) continue;
    const known = files.get(record.stream) ?? { to: 0, paths: [] };
    known.to = record.lastSeq;
    known.paths.push(join(folder, record.file));
    files.set(record.stream, known);
  }
  return {
    async *marks(source) {
      yield* source.marks();
      for (const { paths } of files.values()) {
        for (const path of paths) yield* exportSource(path).marks();
      }
    },
    async *entries(source) {
      // Where a removal is still under way, its first entries stand in both: those of the table count.
      const left = new Map([...files].map(([stream, { to, paths }]) => [stream, { to, paths, from: 1 }]));
      for await (const entry of source.entries()) {
        const rest = left.get(entry.stream);
        if (rest !== undefined && entry.seq !== null) {
          if (entry.seq <= rest.to) rest.from = entry.seq + 1;
          else {
            left.delete(entry.stream);
            yield* entriesAfter(rest);
          }
        }
        yield entry;
      }
      for (const rest of left.values()) yield* entriesAfter(rest);
    },
  };
}

async function* entriesAfter(rest: { paths: readonly string[]; from: number }): AsyncIterable<Entry> {
  for (const path of rest.paths) {
    for await (const entry of exportSource(path).entries()) {
      if (entry.seq !== null && entry.seq >= rest.from) yield entry;
    }
  }
}

async function wrongFile(
  folder: string,
  record: SignedSegment,
  installation: string,
): Promise<readonly string[]> {
  // A name, not a path: a record must not lead out of the folder.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/.test(record.file)) return ["is no name of an archive file"];
  const path = join(folder, record.file);
  if (!existsSync(path)) return ["is missing from the archive"];
  const source = exportSource(path);
  const findings = new Findings();
  try {
    const archived = await source.archived();
    if (archived === null) return ["does not say which entries it holds"];
    const same = (["stream", "firstSeq", "lastSeq", "before", "hash"] as const).every(
      (member) => archived[member] === record[member],
    );
    if (!same || (await source.installation()) !== installation) return ["is not the file that was recorded"];
    await checkArchived(source, archived, findings);
    return [...(await source.damage()), ...findings.list.map(({ message }) => message)].map(
      (message) => `is damaged: ${message}`,
    );
  } catch (error) {
    if (!(error instanceof AuditUnreadable)) throw error;
    return ["cannot be read as an export"];
  } finally {
    await source.close();
  }
}
