// Where escalation is tried: a whole Coffer, people and tokens of every reach, and what each attempt must
// show. Refused with exactly that status and code, written down under the attacker's own token, and
// without effect.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import type { Role } from "../../../src/core/authorize.ts";
import type { ErrorCode } from "../../../src/core/errors.ts";
import type { Level, ObjectKind } from "../../../src/core/grants/grant.ts";
import { errors } from "../../../src/dialects/native/errors.ts";
import {
  organization,
  organizations,
  secrets as secretsOfDefault,
  stores,
} from "../../dialects/native/support.ts";
import { tablesOf } from "../../dialects/native/tables.ts";
import {
  type Answer,
  type Client,
  startCoffer,
  type TestCoffer,
  type TestOptions,
  tokenIdOf,
} from "../../support/server.ts";

export { organization, organizations, stores };
export const tokens = `${organization}/tokens`;
export const grants = `${organization}/grants`;
export const groups = `${organization}/groups`;
export const machines = `${organization}/machines`;
export const services = `${organization}/services`;
export const trusts = `${organization}/trusts`;
export const people = `${organization}/people`;
export const trash = `${organization}/trash`;

export interface Actor {
  /** The principal's. */
  readonly id: string;
  readonly token: string;
  readonly client: Client;
}

export interface Secret {
  readonly id: string;
  readonly name: string;
  readonly revision: number;
  readonly path: string;
}

export interface Tried {
  readonly by: Actor;
  readonly answer: Answer;
  readonly refused: ErrorCode;
  /** The reason in the trail, where several rules would refuse and one comes first. */
  readonly because?: string;
  /** What must be as it was. */
  readonly unchanged?: () => Promise<void> | void;
}

export interface Narrowing {
  readonly scopes?: readonly string[];
  readonly stores?: readonly string[];
  readonly addresses?: readonly string[];
  readonly expiresAt?: string;
}

export type Held = readonly [ObjectKind, string, Level];

export const anEmail = () => `p-${randomUUID()}@example.org`;
export const aName = () => `name-${randomUUID()}`;
export const hours = (count: number) => new Date(Date.now() + count * 3_600_000).toISOString();

export async function field(options: TestOptions = {}) {
  const coffer = await startCoffer(options);
  const tables = tablesOf(coffer);
  const owner = actor(coffer, coffer.bootstrap.person.id, coffer.token);
  const me = owner.client;

  const made = async (path: string, body: Record<string, unknown>, by: Client = me) => {
    const answer = await by.post(path, body);
    expect(answer.status, answer.text).toBe(201);
    return answer.body;
  };

  return {
    coffer,
    tables,
    owner,
    me,
    made,

    /** One attempt: a test that also looks for its entry in the audit trail. */
    attempt(name: string, run: () => Promise<Tried>): void {
      test(`refused: ${name}`, async () => {
        const { by, answer, refused, because, unchanged } = await run();
        expect([answer.status, answer.body?.error?.code], answer.text).toEqual([
          errors[refused].status,
          refused,
        ]);
        const entries = entriesOf(coffer, answer);
        expect(entries).toEqual([
          {
            token_id: tokenIdOf(by.token),
            outcome: expect.stringMatching(/^(refused|failed)$/),
            because: because ?? expect.any(String),
          },
        ]);
        await unchanged?.();
      });
    },

    /** Somebody new in the organization, by a token that narrows nothing. */
    person(role: Role = "member", ...held: readonly Held[]): Actor {
      const id = tables.person(role);
      for (const [kind, object, level] of held) tables.grant(["person", id], [kind, object], level);
      return actor(coffer, id, tables.token("person", id));
    },

    machine(...held: readonly Held[]): Actor {
      const id = tables.machine();
      for (const [kind, object, level] of held) tables.grant(["machine", id], [kind, object], level);
      return actor(coffer, id, tables.token("machine", id));
    },

    async service(
      names: { name?: string; stores?: readonly string[] } = {},
    ): Promise<Actor & { name: string }> {
      const { id, name } = await made(services, { name: aName(), ...names });
      return { ...actor(coffer, id, tables.token("service", id)), name };
    },

    async job(store: string, claims: Record<string, string> = { pipeline_slug: "web" }, by = owner) {
      const jobId = randomUUID();
      const { token } = await made(`${stores}/${store}/jobs`, { jobId, claims }, by.client);
      return { ...actor(coffer, jobId, token), jobId };
    },

    /** The same person by a narrower token. */
    async narrowed(by: Actor, narrowing: Narrowing): Promise<Actor> {
      const principal = { kind: "person", id: by.id };
      const { token } = await made(tokens, { principal, name: "narrow", ...narrowing }, by.client);
      return actor(coffer, by.id, token);
    },

    async store(slug = `s-${randomUUID().slice(0, 8)}`): Promise<{ id: string; slug: string }> {
      return made(stores, { name: aName(), slug });
    },

    async secret(store = "default", more: Record<string, unknown> = {}): Promise<Secret> {
      const path = store === "default" ? secretsOfDefault : `${stores}/${store}/secrets`;
      const { id, name, revision } = await made(path, { name: aName(), value: "hidden", ...more });
      return { id, name, revision, path: `${path}/${name}` };
    },

    /** Another organization of the first owner. */
    async tenant(): Promise<{ id: string; path: string; store: string }> {
      const slug = `o-${randomUUID().slice(0, 8)}`;
      const { id } = await made(organizations, { slug, name: "Other" });
      const path = `${organizations}/${slug}`;
      const store = await me.get(`${path}/stores/default`);
      return { id, path, store: store.body.id };
    },

    as: (id: string, token: string) => actor(coffer, id, token),
  };
}

export type Field = Awaited<ReturnType<typeof field>>;

function actor(coffer: TestCoffer, id: string, token: string): Actor {
  return { id, token, client: coffer.call(token) };
}

/** Also those that belong to no organization, which no list shows. */
function entriesOf(coffer: TestCoffer, answer: Answer) {
  const db = new DatabaseSync(join(coffer.data, "coffer.db"), { readOnly: true, timeout: 5_000 });
  try {
    const rows = db.prepare("SELECT token_id, outcome, because FROM audit_entries WHERE request_id = ?");
    return rows.all(answer.headers.get("x-request-id"));
  } finally {
    db.close();
  }
}

/** No value for this one. */
export async function expectNoValue({ client }: Actor, path: string): Promise<void> {
  const answer = await client.get(`${path}/value`);
  expect(answer.status, answer.text).toBeGreaterThanOrEqual(401);
  expect(answer.text).not.toContain("hidden");
}

export async function expectValue({ client }: Actor, path: string): Promise<void> {
  const answer = await client.get(`${path}/value`);
  expect([answer.status, answer.body?.value], answer.text).toEqual([200, "hidden"]);
}

/** How many items a list has, as its reader sees it. */
export async function countOf(client: Client, path: string): Promise<number> {
  const answer = await client.get(`${path}${path.includes("?") ? "&" : "?"}limit=1000`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body.items.length;
}
