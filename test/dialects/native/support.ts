// What the native tests share: where things lie, what a refusal looks like, and further credentials.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect } from "vitest";
import { uuidv7 } from "../../../src/core/ids.ts";
import { mintToken } from "../../../src/crypto/tokens.ts";
import type { Answer, Client, TestCoffer } from "../../support/server.ts";

export const organizations = "/v1/organizations";
export const organization = `${organizations}/default`;
export const stores = `${organization}/stores`;
export const store = `${stores}/default`;
export const secrets = `${store}/secrets`;

export const anId = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
export const aTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

export function aName(): string {
  return `name-${randomUUID()}`;
}

export function at(name: string, more = ""): string {
  return `${secrets}/${encodeURIComponent(name)}${more}`;
}

/** The whole answer of a refusal: status, body, and the request id in both places. */
export function expectRefused(
  answer: Answer,
  status: number,
  code: string,
  message: string,
  details: Record<string, unknown> = {},
): void {
  expect({ status: answer.status, body: answer.body }).toEqual({
    status,
    body: { error: { code, message, requestId: answer.headers.get("x-request-id"), details } },
  });
  expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(answer.headers.get("cache-control")).toBe("no-store");
}

/** `field` broke `rule`: the form of most refusals. */
export function expectInvalid(answer: Answer, field: string, rule: string, limit?: number): void {
  const details = { field, rule, ...(limit === undefined ? {} : { limit }) };
  expectRefused(answer, 400, "request.invalid", `"${field}" ${rule}`, details);
}

export async function created(me: Client, body: Record<string, unknown> = {}): Promise<Answer["body"]> {
  const answer = await me.post(secrets, { name: aName(), ...body });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

export async function createdStore(me: Client): Promise<{ id: string; slug: string }> {
  const answer = await me.post(stores, { name: aName(), slug: `s-${randomUUID().slice(0, 8)}` });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

const ids = uuidv7({ now: Date.now });

export interface TokenParts {
  /** Absent: the owner of the first start. Else a new person with this role, or with none. */
  readonly role?: "owner" | "admin" | "auditor" | "member" | null;
  readonly scopes?: readonly string[];
  readonly stores?: readonly string[];
  readonly expiresAt?: number;
  readonly bound?: boolean;
}

/**
 * A further credential, written straight into the tables: the routes that make tokens are not these.
 * A token and person that nobody has asked for yet are in no cache, so nothing needs to be told.
 */
export function aToken(coffer: TestCoffer, parts: TokenParts = {}): string {
  const db = new DatabaseSync(join(coffer.data, "coffer.db"), { timeout: 5_000 });
  const { person: owner, organization: first } = coffer.bootstrap;
  try {
    let principal = owner.id;
    if (parts.role !== undefined) {
      principal = ids.next();
      const email = `${principal}@example.org`;
      db.prepare("INSERT INTO people VALUES (?, ?, ?, 'Someone', 0, 1)").run(principal, email, email);
      if (parts.role !== null) {
        const membership = "INSERT INTO memberships VALUES (?, ?, ?, ?, 1)";
        db.prepare(membership).run(ids.next(), first.id, principal, parts.role);
      }
    }
    const id = ids.next();
    const { text, hash } = mintToken("person", id);
    const token = `INSERT INTO tokens (id, organization_id, principal_kind, principal_id, name, hash, scopes,
      reach, stores, expires_at, revoked_at, created_at)
      VALUES (?, ?, 'person', ?, 'test', ?, ?, ?, ?, ?, NULL, 1)`;
    const reach = parts.scopes?.map((action) => ({ action, storeId: null, name: null }));
    db.prepare(token).run(
      id,
      parts.bound === true ? first.id : null,
      principal,
      hash,
      parts.scopes === undefined ? null : JSON.stringify(parts.scopes),
      reach === undefined ? null : JSON.stringify(reach),
      parts.stores === undefined ? null : JSON.stringify(parts.stores),
      parts.expiresAt ?? null,
    );
    return text;
  } finally {
    db.close();
  }
}
