// `/docs` of a running server: all of the API is on it, its examples are taken by that very server, and
// a browser that opens it asks nobody else for anything.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limitsPage } from "../../scripts/limits.ts";
import { errorCodes } from "../../src/core/errors.ts";
import { limits } from "../../src/core/limits.ts";
import { fromMarkdown } from "../../src/server/reference/markdown.ts";
import type { ApiDocument } from "../../src/server/reference/operations.ts";
import { startCoffer, type TestCoffer } from "../support/server.ts";
import { repository } from "./pages.ts";
import { commandsIn } from "./shell-words.ts";

let coffer: TestCoffer;
let document: ApiDocument;
const pages = new Map<string, { text: string; headers: Headers }>();

beforeAll(async () => {
  coffer = await startCoffer();
  document = (await coffer.call(null).get("/v1/openapi.json")).body;
  for (const path of ["/docs", "/docs/errors", "/docs/limits"]) {
    const { status, text, headers } = await coffer.call(null).get(path);
    expect([path, status]).toEqual([path, 200]);
    pages.set(path, { text, headers });
  }
});

afterAll(() => coffer.stop());

const textOf = (path: string) => pages.get(path)?.text ?? "";
const unescaped = (text: string) =>
  text.replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&lt;", "<").replaceAll("&amp;", "&");

/** The part of the page that is about one operation. */
function partOf(id: string): string {
  return new RegExp(`<article id="${id}">[\\s\\S]*?</article>`).exec(textOf("/docs"))?.[0] ?? "";
}

describe("the API's page", () => {
  test("has every operation, with all that it takes and gives, and how it is called", () => {
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );
    expect(operations.length).toBeGreaterThan(80);
    for (const { path, method, operation } of operations) {
      const part = partOf(operation.operationId);
      const plain = part.replaceAll(/<[^>]*>/g, "");
      expect(plain).toContain(`${method.toUpperCase()} ${path}`);
      const body = operation.requestBody?.content?.["application/json"]?.schema;
      const members = [
        ...operation.parameters.map(({ name }) => name),
        ...Object.keys(body?.properties ?? {}),
      ];
      for (const name of members) expect(part).toContain(`<code>${name}</code>`);
      for (const status of Object.keys(operation.responses).filter((it) => it !== "default")) {
        expect(part).toContain(`Answer ${status}`);
      }
      expect(part).toContain("/docs/errors");
      expect(part).toContain("curl ");
    }
  });

  test("has examples that the server takes for what they are", async () => {
    const examples = Array.from(
      textOf("/docs").matchAll(/<pre><code>(curl[\s\S]*?)<\/code><\/pre>/g),
      ([, it]) => unescaped(it ?? ""),
    );
    // Those that end what the others stand on come last.
    const order = (text: string) =>
      /-X DELETE/.test(text) ? 2 : /root-keys|installation/.test(text) ? 1 : 0;
    // A trust is looked up at its issuer, which is not reached from here.
    const ours = examples.filter((text) => !text.includes("agent.buildkite.com"));
    expect(ours.length).toBe(examples.length - 1);
    for (const example of ours.toSorted((one, other) => order(one) - order(other))) {
      const [[, ...words] = []] = commandsIn(example);
      const given = (flag: string) => (words.includes(flag) ? words[words.indexOf(flag) + 1] : undefined);
      const body = given("--json");
      const url = words.find((word) => word.startsWith(coffer.url)) ?? "";
      const answer = await fetch(url, {
        method: given("-X") ?? (body === undefined ? "GET" : "POST"),
        headers: {
          ...(words.includes("-K") ? { authorization: `Bearer ${coffer.token}` } : {}),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body }),
      });
      const text = await answer.text();
      const form = /"code":"(?:request\.\w+|route\.\w+|caller\.unauthenticated|internal)"/.exec(text)?.[0];
      expect([example, form]).toEqual([example, undefined]);
    }
  });

  test("has no link into nothing", () => {
    const ids = new Map(
      Array.from(pages, ([path, { text }]) => [
        path,
        new Set(Array.from(text.matchAll(/ id="([^"]+)"/g), ([, id]) => id)),
      ]),
    );
    for (const [path, { text }] of pages) {
      for (const [, to = ""] of text.matchAll(/href="([^"]+)"/g)) {
        if (to === "/v1/openapi.json") continue;
        const [page = "", id] = to.split("#");
        const there = ids.get(page === "" ? path : page);
        expect([path, to, there !== undefined && (id === undefined || there.has(id))]).toEqual([
          path,
          to,
          true,
        ]);
      }
    }
  });
});

describe("every page", () => {
  test("asks nobody else for anything, runs nothing, and its policy says so", () => {
    for (const [path, { text, headers }] of pages) {
      expect([
        path,
        text.match(/<(?:script|link|img|iframe|object|form|base)\b|@import|url\(| on\w+=|style="/gi),
      ]).toEqual([path, null]);
      const style = /<style>([\s\S]*?)<\/style>/.exec(text)?.[1] ?? "";
      const digest = createHash("sha256").update(style).digest("base64");
      expect(headers.get("content-security-policy")).toBe(
        `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      );
      expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
    }
  });

  test("is well-formed: every element that is opened is closed in its place", () => {
    for (const [path, { text }] of pages) {
      const open: string[] = [];
      for (const [, end, name = ""] of text.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*>/g)) {
        if (["meta", "br", "wbr"].includes(name)) continue;
        if (end === "") open.push(name);
        else expect([path, open.pop()]).toEqual([path, name]);
      }
      expect(open).toEqual([]);
    }
  });

  test("takes other methods for what they are", async () => {
    const answer = await coffer.call(null).post("/docs", {});
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET"]);
  });
});

test("the errors are all there", () => {
  expect(absentFrom("/docs/errors", errorCodes)).toEqual([]);
});

test("the limits are all there, and the page is that of this source: node scripts/limits.ts", () => {
  expect(absentFrom("/docs/limits", Object.keys(limits))).toEqual([]);
  expect(readFileSync(join(repository, "docs/reference/limits.md"), "utf8") === limitsPage()).toBe(true);
});

function absentFrom(path: string, names: readonly string[]): string[] {
  return names.filter((name) => !textOf(path).includes(`<td><code>${name}</code></td>`));
}

test("Markdown becomes what it says, and nothing in it becomes more", () => {
  const text =
    '# A <b>\n\nSee [this](x.md) `a|b` and **c**.\n\n| a | b |\n|---|---|\n| `x` | <i> |\n\n- one\n  more\n- two\n\n```json\n{"a": 1}\n```\n';
  expect(fromMarkdown(text).text).toBe(
    "<h1>A &lt;b&gt;</h1>\n<p>See this <code>a|b</code> and <strong>c</strong>.</p>\n" +
      '<table class="wide"><thead><tr><th scope="col">a</th><th scope="col">b</th></tr></thead>\n' +
      '<tr id="x"><td><code>x</code></td><td>&lt;i&gt;</td></tr>\n</table>\n' +
      "<ul><li>one more</li><li>two</li></ul>\n<pre><code>{&quot;a&quot;: 1}</code></pre>\n",
  );
});
