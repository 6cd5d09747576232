// The routes against their document, both ways; wrong methods; the list of errors; the serializer.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import Fastify from "fastify";
import { Type } from "typebox";
import { afterAll, describe, expect, test } from "vitest";
import { CofferError, errorCodes } from "../../../src/core/errors.ts";
import { errors, presentError } from "../../../src/dialects/native/errors.ts";
import { native } from "../../../src/dialects/native/index.ts";
import { nullable, secret, strict } from "../../../src/dialects/native/schema.ts";
import { nobodyLogsIn } from "../../support/logins.ts";
import { startCoffer } from "../../support/server.ts";
import { expectRefused } from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const { body: document } = await coffer.call(null).get("/v1/openapi.json");

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly responses: Readonly<Record<string, unknown>>;
}

const operations: readonly [string, string, Operation][] = Object.entries<Record<string, Operation>>(
  document.paths,
).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]): [string, string, Operation] => [
    path,
    method.toUpperCase(),
    operation,
  ]),
);

describe("the document", () => {
  test("is given without a credential, as JSON", async () => {
    const answer = await coffer.call(null).get("/v1/openapi.json");
    expect([answer.status, answer.headers.get("content-type")]).toEqual([
      200,
      "application/json; charset=utf-8",
    ]);
    expect(answer.body).toMatchObject({
      openapi: "3.1.0",
      info: { title: "Coffer", version: "1" },
      servers: [{ url: coffer.url }],
      security: [{ bearer: [] }],
      components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
    });
  });

  test("names every path that is registered, and no other", async () => {
    const registered = new Set<string>();
    const app = Fastify();
    app.addHook("onRoute", ({ url }) => {
      registered.add(url.replaceAll(/:(\w+)/g, "{$1}"));
    });
    const { operations: core } = coffer.node;
    native.routes(app, {
      operations: core,
      logins: nobodyLogsIn,
      publicUrl: coffer.url,
      serviceNames: [],
      namespaces: new Map(),
      valueKilobytes: 8,
    });
    await app.ready();
    await app.close();
    expect(Object.keys(document.paths).sort()).toEqual([...registered].sort());
    expect(registered.size).toBeGreaterThan(20);
  });

  test("names every method that a path takes; the others are 405 with the list of those", async () => {
    for (const path of Object.keys(document.paths)) {
      const taken = operations.filter(([it]) => it === path).map(([, method]) => method);
      const url = path.replaceAll(/\{\w+\}/g, "nothing-here");
      for (const method of methods) {
        const answer = await fetch(coffer.url + url, {
          method,
          headers: { authorization: `Bearer ${coffer.token}` },
        });
        const got = [path, method, answer.status === 405];
        expect(got).toEqual([path, method, !taken.includes(method)]);
        if (answer.status === 405)
          expect(answer.headers.get("allow")?.split(", ").sort()).toEqual(taken.sort());
        else expect(await answer.text()).not.toContain('"code":"route.not_found"');
      }
    }
  });

  test("has operations with ids of their own, all parts of the path, an answer and an error each", () => {
    const ids = operations.map(([, , { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [path, , { summary, parameters, responses }] of operations) {
      expect(summary).not.toBe("");
      const parts = parameters.filter((it) => it.in === "path");
      expect(parts.map(({ name }) => name)).toEqual(
        Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name),
      );
      expect(parts.every(({ required }) => required)).toBe(true);
      expect(responses).toHaveProperty("default");
      expect(Object.keys(responses).some((status) => /^20[014]$/.test(status))).toBe(true);
    }
  });

  test("has no reference that leads nowhere, and no component that nobody refers to", () => {
    const references = JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g);
    const named = new Set(Array.from(references, ([, name]) => name));
    expect([...named].sort()).toEqual(Object.keys(document.components.schemas).sort());
  });

  test("says what a secret is", () => {
    expect(document.components.schemas.Secret.required).toEqual(Object.keys(secret.properties));
    expect(document.components.schemas.Secret.properties).toMatchObject({
      name: { type: ["string", "null"] },
      version: { type: "integer" },
      createdBy: { $ref: "#/components/schemas/Actor" },
    });
  });
});

describe("a wrong method", () => {
  test("405 before the body is looked at", async () => {
    const answer = await me.put("/v1/organizations", "{not json");
    const message = "This path does not take that method.";
    expectRefused(answer, 405, "route.method", message, { allowed: ["GET", "POST"] });
    expect(answer.headers.get("allow")).toBe("GET, POST");
  });

  test("401 without a credential", async () => {
    const answer = await coffer.call(null).put("/v1/organizations", {});
    expectRefused(answer, 401, "caller.unauthenticated", "No valid credential was given.");
  });

  test("405 for HEAD of a value: it would be a reveal that nobody sees", async () => {
    const answer = await fetch(`${coffer.url}/v1/organizations/default/stores/default/secrets/x/value`, {
      method: "HEAD",
      headers: { authorization: `Bearer ${coffer.token}` },
    });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, PUT"]);
  });

  test("404 for a path that is not there at all", async () => {
    const answer = await me.get("/v1/nothing");
    expect([answer.status, answer.body.error]).toEqual([
      404,
      {
        code: "route.not_found",
        message: "There is no such route.",
        requestId: answer.headers.get("x-request-id"),
        details: {},
      },
    ]);
  });
});

describe("errors", () => {
  test("the reference lists exactly these codes with these statuses", async () => {
    const file = join(import.meta.dirname, "../../../docs/reference/errors.md");
    const rows = (await readFile(file, "utf8")).matchAll(/^\| `([a-z_.]+)` \| (\d{3}) \| \S.* \|$/gm);
    const listed = Array.from(rows, ([, code, status]) => [code, Number(status)]);
    expect(listed).toEqual(errorCodes.map((code) => [code, errors[code].status]));
  });

  test.each([
    ["caller.unauthenticated", { "www-authenticate": "Bearer" }],
    ["server.busy", { "retry-after": "1" }],
    ["storage.unavailable", { "retry-after": "1" }],
    ["storage.outcome_unknown", {}],
    ["internal", {}],
  ] as const)("%s carries the headers %j", (code, headers) => {
    const error = new CofferError(code, "Said.", { field: "f" }, { because: "inner", cause: "deep" });
    const reply = presentError(error, { requestId: "r", method: "GET", path: "/v1", headers: {} });
    expect(reply).toEqual({
      status: errors[code].status,
      headers,
      body: { error: { code, message: "Said.", requestId: "r", details: { field: "f" } } },
    });
  });
});

describe("the serializer", () => {
  const answer = strict({
    text: nullable(Type.String()),
    number: nullable(Type.Integer()),
    list: nullable(Type.Array(Type.String())),
    object: nullable(Type.Object({ a: Type.Integer() })),
  });

  async function serialized(given: unknown): Promise<string> {
    const app = Fastify();
    app.get("/", { schema: { response: { 200: answer } } }, async () => given);
    const { payload } = await app.inject("/");
    await app.close();
    return payload;
  }

  test.each([
    { text: null, number: null, list: null, object: null },
    { text: "", number: 0, list: [], object: { a: 0 } },
    { text: "0", number: -1, list: ["1", ""], object: { a: Number.MAX_SAFE_INTEGER } },
    { text: `${"\u{1F511}".repeat(16_000)}"\\\u0000\u2028`, number: 1, list: [], object: { a: 1 } },
  ])("turns neither null nor numbers nor text into anything else", async (given) => {
    expect(JSON.parse(await serialized(given))).toEqual(given);
  });

  test("lets nothing out that the schema does not name", async () => {
    const given = { text: "t", number: 1, list: [], object: { a: 1, hidden: "leak" }, hidden: "leak" };
    expect(await serialized(given)).toBe('{"text":"t","number":1,"list":[],"object":{"a":1}}');
  });
});
