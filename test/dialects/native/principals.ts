// What the tests of groups, machines, services and grants share.
import { expect } from "vitest";
import type { Answer, Client, TestCoffer } from "../../support/server.ts";
import { aName, aToken, organization, type TokenParts } from "./support.ts";

export const groups = `${organization}/groups`;
export const machines = `${organization}/machines`;
export const services = `${organization}/services`;
export const grants = `${organization}/grants`;

export async function madeGroup(me: Client, name = aName()): Promise<{ id: string; name: string }> {
  return made(await me.post(groups, { name }));
}

export async function madeMachine(me: Client, name = aName()): Promise<{ id: string; name: string }> {
  return made(await me.post(machines, { name }));
}

function made(answer: Answer): { id: string; name: string } {
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

/** A further person, by default a member, with an unnarrowed token. */
export async function aMember(
  coffer: TestCoffer,
  parts: TokenParts = {},
): Promise<{ id: string; client: Client }> {
  const client = coffer.call(aToken(coffer, { role: "member", ...parts }));
  const { body } = await client.get("/v1/whoami");
  return { id: body.principal.id, client };
}

export interface Entry {
  readonly action: string;
  readonly caller: { readonly id: string };
  readonly target: { readonly kind: string; readonly id: string | null; readonly storeId: string | null };
  readonly outcome: string;
  readonly because: string | null;
  readonly details: Readonly<Record<string, unknown>> | null;
}

/** What the trail tells of a target, newest first. */
export async function entriesOf(me: Client, target: string): Promise<readonly Entry[]> {
  const { body } = await me.get(`${organization}/audit?target=${target}&limit=1000`);
  return body.items;
}
