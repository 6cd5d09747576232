// The writer alone, without HTTP: durable operations a second with 32 callers, against one row per
// commit on a bare connection with the same durability. `node bench/micro/writer.ts [SECONDS]`
import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openSqlite } from "../../src/storage/sqlite/open.ts";
import { found, list, read, three, threeShared } from "./writer-bodies.ts";

const callers = 32;
const rounds = 5;
const seconds = Number(process.argv[2] ?? 2);
const tmpfs = 0x01021994;

// Beside the sources, because a temporary folder is often in memory.
const folder = mkdtempSync(join(import.meta.dirname, "writer-"));
if (statfsSync(folder).type === tmpfs) throw new Error(`${folder} lies in memory; nothing is synced there`);

/** How often `work` ended in the given time, a second, with so many callers one after the other. */
async function rate(count: number, work: (id: string) => Promise<unknown>): Promise<number> {
  const since = performance.now();
  const until = since + seconds * 1000;
  let done = 0;
  const caller = async (name: number) => {
    for (let turn = 0; performance.now() < until; turn += 1) {
      await work(`${since}-${name}-${turn}`);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: count }, (_, name) => caller(name)));
  return (done / (performance.now() - since)) * 1000;
}

function rawRate(): number {
  const db = new DatabaseSync(join(folder, "raw.db"));
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  db.exec("CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, text TEXT)");
  const insert = db.prepare("INSERT INTO rows (text) VALUES (?1)");
  const since = performance.now();
  let done = 0;
  while (performance.now() - since < seconds * 1000) {
    insert.run("a row of some length, as one would write it");
    done += 1;
  }
  db.close();
  return (done / (performance.now() - since)) * 1000;
}

function summary(name: string, values: readonly number[], yardstick: number | null): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low = 0, median = 0, high = 0] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)];
  const ratio = yardstick === null ? "" : `   ${(median / yardstick).toFixed(2)}x`;
  console.log(`${name.padEnd(44)} ${Math.round(median)}/s (${Math.round(low)}..${Math.round(high)})${ratio}`);
  return median;
}

try {
  const bodies = new URL("./writer-bodies.ts", import.meta.url);
  const database = await openSqlite({ file: join(folder, "data", "coffer.db"), bodies });
  await database.execute(found, null);
  const taken: Record<"raw" | "alone" | "together" | "shared" | "point" | "scan", number[]> = {
    raw: [],
    alone: [],
    together: [],
    shared: [],
    point: [],
    scan: [],
  };
  for (let round = 0; round < rounds; round += 1) {
    taken.raw.push(rawRate());
    taken.alone.push(await rate(1, (id) => database.execute(three, { id })));
    taken.together.push(await rate(callers, (id) => database.execute(three, { id })));
    taken.shared.push(await rate(callers, (id) => database.share(threeShared, { id })));
    taken.point.push(await rate(1, () => database.point(read, { id: "0" })));
    taken.scan.push(await rate(callers, () => database.scan(list, null)));
  }
  const raw = summary("one row per commit, bare, synchronous=FULL", taken.raw, null);
  summary("three statements, one caller", taken.alone, raw);
  summary(`three statements, ${callers} callers`, taken.together, raw);
  summary(`the same as records (share), ${callers} callers`, taken.shared, raw);
  summary("one row by its key (point)", taken.point, null);
  summary("a short list on a reader's thread (scan)", taken.scan, null);
  console.log(`resident ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`);
  await database.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
