// Exchanges of the real service and of Kubernetes, each with the place where it was seen, replayed here to
// the letter. Those that the service's documentation shows are replayed in seed.test.ts.
import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import { expectHeaders } from "./support.ts";

interface Exchange {
  readonly name: string;
  readonly source: string;
  readonly request: {
    readonly method: "GET" | "POST";
    readonly path: string;
    readonly headers?: Record<string, string>;
    readonly body?: unknown;
  };
  readonly status: number;
  readonly body: unknown;
}

const exchanges: readonly Exchange[] = JSON.parse(
  readFileSync(new URL("./golden/exchanges.json", import.meta.url), "utf8"),
);

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);

test.each(exchanges)("$status: $name", async ({ request, status, body }) => {
  const { method, path, headers } = request;
  const answer = method === "GET" ? await me.get(path, headers) : await me.post(path, request.body, headers);
  expect({ status: answer.status, body: answer.body }).toEqual({ status, body });
  expectHeaders(answer);
});

test("what clients read of the OpenAPI documents", async () => {
  const protobuf = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
  const older = await me.get("/openapi/v2", { accept: protobuf });
  // With dots: older clients cannot read a media type that has an `@`.
  expect(older.headers.get("content-type")).toBe(
    "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
  );
  expect((await me.get("/openapi/v2")).body).toMatchObject({ swagger: "2.0", paths: {}, definitions: {} });
  const { paths } = (await me.get("/openapi/v3")).body;
  const { serverRelativeURL } = paths["apis/secret.grafana.app/v1beta1"];
  expect((await me.get(serverRelativeURL)).body.openapi).toBe("3.0.0");
  const version = (await me.get("/version")).body;
  expect(version.gitVersion).toMatch(/^v\d+\.\d+\.\d+\+coffer$/);
});
