// The process that fills a stock: the operations of a whole Coffer, in bulk where they offer it. What it
// writes went through every check, and is sealed and audited like all else.
import { mkdirSync } from "node:fs";
import type { Ref } from "../../src/core/organizations/organization.ts";
import { Plaintext } from "../../src/core/plaintext.ts";
import type { NewSecret } from "../../src/core/secrets/create.ts";
import { startCoffer, type TestCoffer } from "../../test/support/server.ts";
import { type Credentials, type Filling, machineTokens, perMachine, type Stock } from "../stocks.ts";
import { secretName, secretValue } from "./secrets.ts";

const home: Ref = { slug: "default" };
/**
 * On PostgreSQL each statement is a way to the server and back while a commit waits ten seconds at most,
 * and those who change access at the same time stand in each other's way.
 */
const paceOf = { sqlite: { chunk: 10_000, callers: 64 }, postgres: { chunk: 500, callers: 1 } } as const;
/** Longer than any run. */
const jobLifeSeconds = 12 * 60 * 60;

process.once("message", async ({ data, database, stock }: Filling) => {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const coffer = await startCoffer({ data, ...(database === null ? {} : { database }) });
  const { chunk, callers } = paceOf[database === null ? "sqlite" : "postgres"];
  const ids = await fillSecrets(coffer, stock, chunk);
  const machines = await fillMachines(coffer, stock, ids, callers);
  const { jobs } = coffer.node.operations;
  const request = { jobId: "bench", claims, ttlSeconds: jobLifeSeconds };
  const { token: job } = await jobs.start(coffer.owner, home, home, request);
  await coffer.stop();
  process.send?.({ job, machines } satisfies Credentials);
});

/** Ids of some of them, for grants. */
async function fillSecrets(coffer: TestCoffer, stock: Stock, chunk: number): Promise<readonly string[]> {
  const { secrets } = coffer.node.operations;
  let some: readonly string[] = [];
  for (let from = 0; from < stock.secrets; from += chunk) {
    const count = Math.min(chunk, stock.secrets - from);
    const items = Array.from({ length: count }, (_, at) => newSecret(from + at, stock));
    const created = await secrets.createAll(coffer.owner, home, home, items);
    if (some.length === 0) some = created.map(({ id }) => id);
  }
  return some;
}

function newSecret(index: number, { policies }: Stock): NewSecret {
  const secret = { name: secretName(index), value: new Plaintext(secretValue(index)) };
  return policies === 0 ? secret : { ...secret, policy: policyText(index % policies) };
}

const claims = { pipeline_slug: "web", build_branch: "release/2026-11", cluster_queue_key: "deploy" };

/** All have one length, none has the text of another, and the job above meets the last rule of each. */
function policyText(index: number): string {
  return [
    `- pipeline_slug: "service-${String(index).padStart(7, "0")}"`,
    "  build_branch: main",
    "- pipeline_slug: [api, web]",
    '  build_branch: "release/*"',
    "  cluster_queue_key: deploy",
    "",
  ].join("\n");
}

/** Each machine lists the store, and holds single secrets of it beside. */
async function fillMachines(
  coffer: TestCoffer,
  stock: Stock,
  secretIds: readonly string[],
  callers: number,
): Promise<readonly string[]> {
  const { owner, node, bootstrap } = coffer;
  const { machines, grants, tokens } = node.operations;
  const handedOut = Math.ceil(machineTokens / Math.max(1, stock.machines));
  const texts: string[] = [];
  await inParallel(stock.machines, callers, async (turn) => {
    const { id } = await machines.create(owner, home, { name: `machine-${turn}` });
    const subject = { kind: "machine", id } as const;
    for (let count = 0; count < perMachine; count += 1) {
      const secretId = secretIds[(turn * perMachine + count) % secretIds.length];
      const object =
        count === 0 || secretId === undefined
          ? ({ kind: "store", id: bootstrap.store.id } as const)
          : ({ kind: "secret", id: secretId } as const);
      await grants.put(owner, home, { subject, object, level: "read" });
      const { text } = await tokens.mint(owner, home, subject, { name: `token-${count}` });
      if (count < handedOut) texts.push(text);
    }
  });
  return texts.slice(0, machineTokens);
}

async function inParallel(
  count: number,
  callers: number,
  work: (turn: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const caller = async () => {
    while (next < count) {
      const turn = next;
      next += 1;
      await work(turn);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
}
