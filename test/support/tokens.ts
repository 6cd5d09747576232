// Tokens made natively for the tests of other contracts.
import { expect } from "vitest";
import type { TestCoffer } from "./server.ts";

export async function minted(coffer: TestCoffer, body: Record<string, unknown>): Promise<string> {
  const request = { name: "t", ...body };
  const answer = await coffer.call(coffer.token).post("/v1/organizations/default/tokens", request);
  expect(answer.status, answer.text).toBe(201);
  return answer.body.token;
}

/** A token of the first owner that has these scopes and no others. */
export function scopedToken(coffer: TestCoffer, ...scopes: readonly string[]): Promise<string> {
  const principal = { kind: "person", id: coffer.bootstrap.person.id };
  return minted(coffer, { principal, name: "scoped", scopes });
}
