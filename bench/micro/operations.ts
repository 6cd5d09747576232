// The operations alone, without HTTP: what of a request's time is the core's and the engine's own.
// `node bench/micro/operations.ts [SECONDS] [FOLDER]`
import { mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Ref } from "../../src/core/organizations/organization.ts";
import { Plaintext } from "../../src/core/plaintext.ts";
import type { SecretRef } from "../../src/core/secrets/secret.ts";
import { startCoffer } from "../../test/support/server.ts";
import { namesOf, secretName, secretValue } from "../http/secrets.ts";
import { refuseMemory } from "../machine.ts";
import { spreadOf } from "../row.ts";
import { rounded } from "../table.ts";

const callers = 32;
const rounds = 5;
const batchSize = 100;
const secrets = 1_000;
const seconds = Number(process.argv[2] ?? 2);
const parent = resolve(process.argv[3] ?? "/var/tmp");
const place: Ref = { slug: "default" };

/** How often `work` ended in the given time, a second, with so many callers one after the other. */
async function rate(count: number, work: (turn: number) => Promise<unknown>): Promise<number> {
  const since = performance.now();
  let turns = 0;
  const caller = async () => {
    while (performance.now() - since < seconds * 1_000) {
      const turn = turns;
      turns += 1;
      await work(turn);
    }
  };
  await Promise.all(Array.from({ length: count }, caller));
  return (turns * 1_000) / (performance.now() - since);
}

refuseMemory(parent);
const folder = mkdtempSync(join(parent, "coffer-bench-"));
try {
  const coffer = await startCoffer({ data: folder });
  const { owner } = coffer;
  const operations = coffer.node.operations.secrets;
  const create = (index: number) => {
    const value = new Plaintext(secretValue(index));
    return operations.create(owner, place, place, { name: secretName(index), value });
  };
  await Promise.all(Array.from({ length: secrets }, (_, index) => create(index)));
  const refs = namesOf({ count: secrets, stride: 1 }).map((name): SecretRef => ({ name }));
  let created = secrets;

  const ref = (turn: number): SecretRef => refs[turn % secrets] ?? { name: "" };
  const reveal = (turn: number) => operations.reveal(owner, place, place, ref(turn));
  const batch = (turn: number) => {
    const from = (turn * batchSize) % secrets;
    return operations.revealAll(owner, place, place, refs.slice(from, from + batchSize));
  };
  const createNext = () => {
    created += 1;
    return create(created);
  };
  const measured: readonly [string, number, (turn: number) => Promise<unknown>][] = [
    ["reveal, one caller", 1, reveal],
    [`reveal, ${callers} callers`, callers, reveal],
    [`batch of ${batchSize}, ${callers} callers`, callers, batch],
    ["create, one caller", 1, createNext],
    [`create, ${callers} callers`, callers, createNext],
  ];
  for (const [title, count, work] of measured) {
    await rate(count, work);
    const rates: number[] = [];
    for (let round = 0; round < rounds; round += 1) rates.push(await rate(count, work));
    const { median, min, max } = spreadOf(rates);
    console.log(`${title.padEnd(28)} ${rounded(median)}/s (${rounded(min)}..${rounded(max)})`);
  }
  await coffer.stop();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
