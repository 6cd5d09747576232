// Small bodies over a scratch table, so that the engines are tested without the core.
import type { AuditEntry } from "../../src/core/audit/entry.ts";
import type { Authority } from "../../src/core/authorize.ts";
import { systemCaller } from "../../src/core/caller.ts";
import { CofferError } from "../../src/core/errors.ts";
import type {
  Authorities,
  Command,
  Decided,
  Query,
  ReadTransaction,
  Transaction,
} from "../../src/core/ports.ts";
import type { AnyCommand, AnyQuery } from "../../src/storage/engine.ts";
import { migration } from "../../src/storage/migrate.ts";
import { migrations as real } from "../../src/storage/migrations/index.ts";
import { pausingAt, type Queryable, sql, UniqueViolation } from "../../src/storage/sql.ts";
import type { AuditStream } from "../../src/storage/stream.ts";
import * as transactions from "../../src/storage/transaction.ts";
import { counted } from "./engine-faults.ts";

const scratch = migration({
  id: "9999-scratch",
  up: ({ types: { text, bytes, integer } }) => [
    `CREATE TABLE notes (id ${text} PRIMARY KEY, label ${text}, filler ${bytes}, size ${integer})`,
    "CREATE UNIQUE INDEX notes_label ON notes (label)",
  ],
});
export const migrations = [...real, scratch];

interface WithNotes {
  readonly notes: Queryable;
}

export function transactionOn(
  db: Queryable,
  stream: AuditStream,
  authorities: Authorities,
): Transaction & WithNotes {
  return { ...transactions.transactionOn(db, stream, authorities), notes: db };
}

export function readTransactionOn(db: Queryable, authorities: Authorities): ReadTransaction & WithNotes {
  return { ...transactions.readTransactionOn(db, authorities), notes: db };
}

/** Of one of them access was taken. */
export const stillHolds = async (_: unknown, { authority }: Decided): Promise<boolean> =>
  authority.principalId !== "lowered";

const insert = sql`INSERT INTO notes (id, label, filler, size) VALUES ($1, $2, $3, $4)`;
const clear = sql`DELETE FROM notes WHERE id LIKE $1`;
const ids = sql<{ id: string }>`SELECT id FROM notes ORDER BY id`;
const back = sql<Row>`SELECT id, label, filler, size FROM notes WHERE id = $1`;
const streamRows = sql<StreamRow>`
  SELECT id, node, closed_at, last_seq, named_closed FROM audit_streams ORDER BY opened_at, id`;
const entryRows = sql<EntryRow>`
  SELECT stream, seq, at, organization_id, caller_kind, caller_id, caller_name, token_id, dialect, action,
    target_kind, target_id, target_name, target_store_id, outcome, because, details, address, request_id, hash
  FROM audit_entries ORDER BY stream, seq`;
/** Counts for some seconds in one step of the engine. */
const counting = sql<{ n: number }>`
  WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 40000000)
  SELECT count(*) AS n FROM c`;
/** As long where there are some hundred notes, and with pauses. */
const combining = sql<{ n: number }>`
  SELECT count(*) AS n FROM notes a, notes b, notes c WHERE ${pausingAt("c")} a.size IS NULL`;

interface Row {
  readonly id: string;
  readonly label: string | null;
  readonly filler: Uint8Array | null;
  readonly size: number | null;
}
export interface StreamRow {
  readonly id: string;
  readonly node: string;
  readonly closed_at: number | null;
  readonly last_seq: number | null;
  readonly named_closed: number;
}
/** All columns in the order of the canonical form, the hash last. */
export interface EntryRow {
  readonly stream: string;
  readonly seq: number;
  readonly action: string;
  readonly target_id: string | null;
  readonly outcome: string;
  readonly details: string | null;
  readonly hash: Uint8Array;
}
export interface Note {
  readonly id: string;
  readonly label?: string;
  readonly bytes?: number;
}

export function entryOf(id: string, outcome: AuditEntry["outcome"] = "allowed"): AuditEntry {
  return {
    at: 1,
    organizationId: null,
    caller: systemCaller("test"),
    dialect: "core",
    action: "secret.create",
    target: { kind: "note", id, name: null, storeId: null },
    outcome,
    because: null,
    details: null,
    address: null,
    requestId: null,
  };
}

function command<I, O>(
  name: string,
  run: (notes: Queryable, input: I, tx: Transaction) => Promise<O>,
  rest: Partial<Command<I, O>> = {},
): Command<I, O> {
  return { name, run: (tx, input) => run((tx as Transaction & WithNotes).notes, input, tx), ...rest };
}

function query<I, O>(name: string, run: (notes: Queryable, input: I) => Promise<O>): Query<I, O> {
  return { name, run: (tx, input) => run((tx as ReadTransaction & WithNotes).notes, input) };
}

async function write(notes: Queryable, { id, label, bytes }: Note, tx: Transaction): Promise<string> {
  const filler = bytes === undefined ? null : new Uint8Array(bytes).fill(7);
  await notes.run(insert, [id, label ?? null, filler, bytes ?? null]);
  await tx.audit.append(entryOf(id));
  return id;
}

const refusal = () => new CofferError("quota.exceeded", "No more notes.", { limit: 0 });
const recorded = { refused: (note: Note) => entryOf(note.id, "refused") };

export const put = command("note.put", write);
/** As `put`, for the share queue. */
export const record = command("note.record", write, { writesLast: true });
export const lose = command("note.lose", write);
export const confirmless = command("note.confirmless", write);
export const refuse = command<Note, string>(
  "note.refuse",
  async (notes, note, tx) => {
    await write(notes, note, tx);
    throw refusal();
  },
  recorded,
);
/** Refuses as a body without savepoint should: before it writes. */
export const refuseFirst = command<Note, string>(
  "note.refuse-first",
  async (notes) => {
    await notes.all(ids, []);
    throw refusal();
  },
  { ...recorded, writesLast: true },
);
/** Refuses as it should not. */
export const refuseLast = command<Note, string>(
  "note.refuse-last",
  async (notes, note, tx) => {
    await write(notes, note, tx);
    throw refusal();
  },
  { ...recorded, writesLast: true },
);
export const stumble = command<Note, string>("note.stumble", async (notes, note, tx) => {
  await write(notes, note, tx);
  throw new TypeError("inner words");
});
export const unrecorded = command<Note, string>(
  "note.unrecorded",
  async () => {
    throw refusal();
  },
  { refused: () => entryOf("\ud800", "refused") },
);
export const claim = command<Note, string>("note.claim", async (notes, note, tx) => {
  try {
    return await write(notes, note, tx);
  } catch (error) {
    if (!(error instanceof UniqueViolation)) throw error;
    throw new CofferError("secret.name_taken", "Taken.", { rule: error.constraint });
  }
});
/** Goes on as if nothing had happened, whatever the engine said. */
export const swallow = command<Note, string>("note.swallow", async (notes, note, tx) => {
  await write(notes, note, tx).catch(() => undefined);
  await notes.run(insert, [`${note.id}-after`, null, null, null]).catch(() => undefined);
  return "fine";
});
export const illFormed = command<Note, number>("note.ill-formed", (notes, { id }) =>
  notes.run(insert, [`${id}\ud800`, null, null, null]),
);
export const stray = command<Note, number>("note.stray", async (notes, { id }) => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return notes.run(insert, [id, null, null, null]);
});
/** Ends the thread it runs on, as a lack of memory would; for SQLite only. */
export const die = command<Note, string>("note.die", async (notes, note, tx) => {
  await write(notes, note, tx);
  process.exit(1);
});
/** Blocks its thread; on PostgreSQL that would be this one. */
export const block = command<Note & { ms: number }, string>("note.block", (notes, note, tx) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, note.ms);
  return write(notes, note, tx);
});
export const sleepOnServer = command<{ seconds: number }, number>("note.sleep", (notes, { seconds }) =>
  notes.run(sql`SELECT pg_sleep(CAST($1 AS INTEGER))`, [seconds]),
);
export const unsendable = command<Note, () => void>("note.unsendable", async (notes, note, tx) => {
  await write(notes, note, tx);
  return () => undefined;
});
export const sweep = command<{ prefix: string }, number>("note.sweep", (notes, { prefix }) =>
  notes.run(clear, [`${prefix}%`]),
);
const authorityOf = (principalId: string): Authority => ({
  principalId,
  standing: null,
  operator: false,
  membersCreate: false,
  scopes: null,
  stores: null,
});
/** Keeps an authority as of the group's epochs; answers which of those that have letters were kept before. */
export const remember = command<Note, string>("note.remember", async (notes, note, tx) => {
  const before = [..."abcdefghi"].filter((id) => tx.authorities.get(id) !== undefined).join("");
  await write(notes, note, tx);
  const authority = authorityOf(note.id);
  const epochs = { installation: 1, organization: 1 };
  tx.authorities.set(note.id, { epochs, authority, expiresAt: null, addresses: null });
  if (note.label === "refused") throw refusal();
  return before;
});
export const startEpoch = command<{ id: string }, void>("note.start-epoch", (_, { id }, tx) =>
  tx.access.startEpoch(id),
);
export const raiseEpoch = command<{ id: string }, void>("note.raise-epoch", (_, { id }, tx) =>
  tx.access.raiseEpoch(id),
);
/** Decides, takes its time (the server's, so PostgreSQL only), writes; answers the epoch under which it decided. */
export const decideSlowly = command<{ id: string; by: string; seconds: number }, number>(
  "note.decide-slowly",
  async (notes, { id, by, seconds }, tx) => {
    const { organization } = await tx.access.epochs(id);
    const call = { caller: systemCaller("test"), at: 0 };
    tx.authorities.rests({ call, organizationId: id, authority: authorityOf(by) });
    await notes.run(sql`SELECT pg_sleep(CAST($1 AS INTEGER))`, [seconds]);
    await write(notes, { id: `by-${organization}` }, tx);
    return organization;
  },
);
export const groups = command<null, number>("note.groups", async () => counted.groups);
export const found = command<{ id: string; at: number }, void>("note.found", (_, { id, at }, tx) =>
  tx.organizations.insert({
    id,
    slug: id,
    name: id,
    custody: "server",
    trash: "dialect",
    membersCreate: true,
    limits: { secrets: null, stores: null },
    usage: { secrets: 0, stores: 0 },
    defaultStoreId: id,
    revision: 0,
    createdAt: at,
  }),
);
export const advance = command<{ id: string; revisions: number; refuse: boolean }, number>(
  "note.advance",
  async (_, { id, revisions, refuse: refused }, tx) => {
    const { revision } = await tx.organizations.advance(id, { revisions, secrets: 0, stores: 0 });
    if (refused) throw refusal();
    return revision;
  },
);

/**
 * Two rows, locked in the order that is asked for, with time between them: two at once that ask in
 * opposite order stand in each other's way. The pause is the server's, so PostgreSQL only.
 */
export const advanceBoth = command<{ first: string; second: string }, void>(
  "note.advance-both",
  async (notes, { first, second }, tx) => {
    const by = { revisions: 1, secrets: 0, stores: 0 };
    await tx.organizations.advance(first, by);
    await notes.run(sql`SELECT pg_sleep(CAST($1 AS INTEGER))`, [1]);
    await tx.organizations.advance(second, by);
  },
);
export const setting = command<{ name: string }, string | undefined>(
  "note.setting",
  async (notes, { name }) => {
    return (await notes.one(sql<{ value: string }>`SELECT current_setting($1) AS value`, [name]))?.value;
  },
);

export const list = query<null, readonly string[]>("note.list", async (notes) =>
  (await notes.all(ids, [])).map((row) => row.id),
);
export const read = query<{ id: string }, Row | null>(
  "note.read",
  async (notes, { id }) => (await notes.one(back, [id])) ?? null,
);
/** Twice the same question: in one snapshot both answers agree. */
export const twice = query<null, readonly number[]>("note.twice", async (notes) => [
  (await notes.all(ids, [])).length,
  (await notes.all(ids, [])).length,
]);
export const streams = query<null, readonly StreamRow[]>("note.streams", (notes) =>
  notes.all(streamRows, []),
);
export const entries = query<null, readonly EntryRow[]>("note.entries", (notes) => notes.all(entryRows, []));
/** Holds its snapshot for so long; on PostgreSQL it would block this thread. */
export const linger = query<{ ms: number }, number>("note.linger", async (notes, { ms }) => {
  const { length } = await notes.all(ids, []);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  return length;
});
export const long = query<null, number>(
  "note.long",
  async (notes) => (await notes.one(counting, []))?.n ?? 0,
);
export const combine = query<null, number>(
  "note.combine",
  async (notes) => (await notes.one(combining, []))?.n ?? 0,
);
/** What the next start has to begin with, after a restore and where the database was found to be behind. */
export const restorePending: Query<null, unknown> = {
  name: "note.restore-pending",
  run: (tx) => tx.restores.pending(),
};
export const misread = query<null, unknown>("note.misread", (notes) =>
  notes.all(sql`SELECT nothing FROM notes`, []),
);

const all = {
  put,
  record,
  lose,
  confirmless,
  refuse,
  refuseFirst,
  refuseLast,
  stumble,
  unrecorded,
  claim,
  swallow,
  illFormed,
  stray,
  block,
  die,
  sleepOnServer,
  unsendable,
  sweep,
  remember,
  startEpoch,
  raiseEpoch,
  decideSlowly,
  groups,
  found,
  advance,
  advanceBoth,
  setting,
};
export const commands = new Map<string, AnyCommand>(Object.values(all).map((one) => [one.name, one]));
export const queries = new Map<string, AnyQuery>(
  [list, read, twice, streams, entries, linger, long, combine, restorePending, misread].map((one) => [
    one.name,
    one,
  ]),
);
