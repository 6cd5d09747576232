// Exchanges of the real service, each with the public place where it was seen, replayed here to the letter.
// Those that its documentation shows whole are replayed in seed.test.ts.
import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import { scopedToken } from "../../support/tokens.ts";
import { aCluster, aSecret, expectHeaders } from "./support.ts";

interface Exchange {
  readonly name: string;
  readonly source: string;
  readonly request: {
    readonly method: "GET" | "POST" | "PUT" | "DELETE";
    readonly path: string;
    /** Its scopes; null: none is sent. */
    readonly token: readonly string[] | null;
    readonly body?: unknown;
  };
  readonly status: number;
  readonly body: unknown;
}

const exchanges: readonly Exchange[] = JSON.parse(
  readFileSync(new URL("./golden/refusals.json", import.meta.url), "utf8"),
);

const coffer = await startCoffer();
afterAll(() => coffer.stop());

test.each(exchanges)("$status: $name", async ({ request, status, body }) => {
  const cluster = await aCluster(coffer);
  const secret = await aSecret(coffer.call(coffer.token), cluster);
  const token = request.token === null ? null : await scopedToken(coffer, ...request.token);
  const client = coffer.call(token);
  const path = request.path.replace("<cluster>", cluster.id).replace("<secret>", secret.id);
  const methods = {
    GET: () => client.get(path),
    POST: () => client.post(path, request.body),
    PUT: () => client.put(path, request.body),
    DELETE: () => client.delete(path),
  };
  const answer = await methods[request.method]();
  expect({ status: answer.status, body: answer.body }).toEqual({ status, body });
  expectHeaders(answer);
});
