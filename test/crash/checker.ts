// Compares three things after a crash: what clients know, the tables, the audit trail. Each finding
// is a sentence; none means that nothing acknowledged is lost and nothing half done is seen.
import { existsSync, readFileSync } from "node:fs";
import { openSource, readAnchors, verify } from "../../src/verify/index.ts";
import { headFile, logFile, type Place } from "./child.ts";
import type { History } from "./history.ts";
import { remembered } from "./memory.ts";
import { openerOf } from "./opener.ts";
import { readTables, type Seen, type Tables } from "./tables.ts";
import { Trail } from "./trail.ts";
import { type Told, wholeness } from "./whole.ts";

export class Checker {
  readonly #place: Place;
  /** An organization begins at revision 1, that of its default store; it has no change. */
  readonly #seen: Seen = { revision: 1, streams: new Map() };
  readonly #newest = new Map<string, Told>();
  readonly #trail = new Trail();

  constructor(place: Place) {
    this.#place = place;
  }

  /**
   * Only while no server runs, or nobody asks it for anything. What was in doubt in the history is
   * settled.
   */
  async check(history: History, { beside = false } = {}): Promise<string[]> {
    const tables = await readTables(this.#place, this.#seen, { beside });
    const findings = this.#feed(tables);
    const values = await openAll(this.#place.data, tables);
    findings.push(...wholeness(tables, values, this.#newest), ...this.#trail.follow(tables));
    findings.push(...remembered(history, { tables, trail: this.#trail, values }));
    for (const { stream, seq } of tables.entries) this.#seen.streams.set(String(stream), Number(seq));
    for (const mine of history.owned) {
      const gone = mine.filter((owned) => owned.shape.life === "gone");
      for (const owned of gone) mine.splice(mine.indexOf(owned), 1);
    }
    history.settle();
    return findings;
  }

  /** One change for each revision, without a gap, up to the organization's own. */
  #feed({ changes, organizations }: Tables): string[] {
    const findings: string[] = [];
    for (const change of changes) {
      const revision = Number(change.revision);
      if (revision !== this.#seen.revision + 1) {
        findings.push(`the feed goes from revision ${this.#seen.revision} to ${revision}`);
      }
      this.#seen.revision = revision;
      if (change.secret_id === null) continue;
      this.#newest.set(String(change.secret_id), { revision, purged: change.kind === "secret.purged" });
    }
    const [organization] = organizations;
    if (Number(organization?.revision) !== this.#seen.revision) {
      findings.push(
        `the organization is at revision ${organization?.revision}, the feed at ${this.#seen.revision}`,
      );
    }
    return findings;
  }
}

async function openAll(data: string, tables: Tables): Promise<Map<string, (string | null)[]>> {
  const opener = await openerOf(data, tables);
  const values = new Map<string, (string | null)[]>();
  for (const version of tables.versions) {
    const id = String(version.secret_id);
    const opened = await opener.open(version);
    const known = values.get(id);
    if (known === undefined) values.set(id, [opened]);
    else known.push(opened);
  }
  opener.close();
  return values;
}

/** The whole trail, by the verifier that operators run, with the heads that the log holds as anchors. */
export async function verified(place: Place): Promise<string[]> {
  const heads = headFile(place);
  const anchors = existsSync(heads) ? await readAnchors(heads) : [];
  const source = await openSource(
    place.database === null ? { data: place.data } : { database: place.database },
  );
  try {
    const { verdict, findings } = await verify(source, anchors.length === 0 ? {} : { anchors });
    return verdict === "broken" ? findings.map(({ message }) => `audit verify: ${message}`) : [];
  } finally {
    await source.close();
  }
}

/** Mistakes of the server that no client saw. */
export function logged(place: Place): string[] {
  if (!existsSync(logFile(place))) return [];
  const lines = readFileSync(logFile(place), "utf8").split("\n");
  return lines.filter((line) =>
    /"msg":"(a body failed|a refusal could not be recorded|request failed)"/.test(line),
  );
}
