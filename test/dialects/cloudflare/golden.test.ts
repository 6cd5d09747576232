// Refusals of the real service, each with the public place where its code and word were seen, to the letter.
// The requests of its clients are in seed.test.ts, and run for true in conformance/cloudflare.
import { readFileSync } from "node:fs";
import { afterAll, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import { aSecret, aStore, expectRefused, secretsStore, type WireError } from "./support.ts";

interface Exchange {
  readonly name: string;
  readonly source: string;
  readonly request: {
    readonly method: "GET" | "POST" | "PATCH" | "DELETE";
    readonly path: string;
    /** Absent: one that may do all. */
    readonly token?: string;
    readonly body?: unknown;
  };
  readonly status: number;
  readonly errors: readonly WireError[];
}

const exchanges: readonly Exchange[] = JSON.parse(
  readFileSync(new URL("./golden/refusals.json", import.meta.url), "utf8"),
);

const coffer = await startCoffer();
afterAll(() => coffer.stop());

test.each(exchanges)("$status: $name", async ({ request, status, errors }) => {
  const store = await aStore(coffer);
  const secret = await aSecret(coffer.call(coffer.token), store, { name: "MY_NAME" });
  const client = coffer.call(request.token ?? coffer.token);
  const path = request.path
    .replace("<stores>", `${secretsStore(coffer)}/stores`)
    .replace("<store>", store.path)
    .replace("<secret>", `${store.secrets}/${secret.id}`);
  const methods = {
    GET: () => client.get(path),
    POST: () => client.post(path, request.body),
    PATCH: () => client.patch(path, request.body),
    DELETE: () => client.delete(path, request.body),
  };
  expectRefused(await methods[request.method](), status, ...errors);
});
