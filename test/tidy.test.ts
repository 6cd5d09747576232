// The code base checked as a whole: import directions, circles, size and wording. Each rule is first
// shown to bite on a planted example, because a checker that finds nothing proves nothing.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { complaints, importsOf, readTree } from "./support/tidy.ts";

const root = join(import.meta.dirname, "..");
const manifest: {
  dependencies: Record<string, string>;
  /** Loaded only where they are configured. */
  peerDependencies: Record<string, string>;
} = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

test("the code base keeps its own rules", () => {
  const folders = ["src", "test", "bench", "scripts", "conformance"].filter((it) =>
    existsSync(join(root, it)),
  );
  const tree = readTree(root, folders);
  expect(tree.size).toBeGreaterThan(20);
  expect(complaints(tree, Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }))).toEqual(
    [],
  );
});

function findings(files: Record<string, string>): string[] {
  return complaints(new Map(Object.entries(files)), ["fastify", "pg", "@scope/kept"]);
}

describe("imports are read", () => {
  test("in every form they are written in", () => {
    const text = `
import "./a.ts";
import b from "./b.ts";
import * as c from "./c.ts";
import {
  d,
  type D,
} from "./d.ts";
import type { E } from "./e.ts";
export * from "./f.ts";
export type { G } from "./g.ts";
const h = await import("./h.ts");
const worker = new Worker(new URL("./i.ts", import.meta.url));
const data = new URL("./data.json", import.meta.url);
`;
    expect(importsOf(text)).toEqual([
      { specifier: "./a.ts", typeOnly: false },
      { specifier: "./b.ts", typeOnly: false },
      { specifier: "./c.ts", typeOnly: false },
      { specifier: "./d.ts", typeOnly: false },
      { specifier: "./e.ts", typeOnly: true },
      { specifier: "./f.ts", typeOnly: false },
      { specifier: "./g.ts", typeOnly: true },
      { specifier: "./h.ts", typeOnly: false },
      { specifier: "./i.ts", typeOnly: false },
    ]);
  });

  test("but not from comments or exported values", () => {
    const text = `// import a from "./a.ts"\n/* import("./b.ts") */\nexport const from = "./c.ts";\n`;
    expect(importsOf(text)).toEqual([]);
  });
});

describe("a forbidden direction is found:", () => {
  const forbidden: [string, string][] = [
    ["src/core/x.ts", `import { y } from "../storage/y.ts";`],
    ["src/core/x.ts", `import type { Y } from "../http/y.ts";`],
    ["src/core/x.ts", `import { readFileSync } from "node:fs";`],
    ["src/core/x.ts", `import fastify from "fastify";`],
    ["src/crypto/x.ts", `import { y } from "../storage/y.ts";`],
    ["src/storage/x.ts", `import { y } from "../crypto/y.ts";`],
    ["src/storage/x.ts", `import { y } from "../server/y.ts";`],
    ["src/auth/x.ts", `import { y } from "../http/y.ts";`],
    ["src/backends/x.ts", `import { y } from "../storage/y.ts";`],
    ["src/http/x.ts", `import { y } from "../auth/y.ts";`],
    ["src/http/x.ts", `import type { Y } from "../dialects/dialect.ts";`],
    ["src/dialects/x.ts", `import { y } from "../storage/y.ts";`],
    ["src/dialects/x.ts", `import { y } from "../crypto/keyring.ts";`],
    ["src/cli/x.ts", `import { y } from "../core/y.ts";`],
    ["src/cli/x.ts", `import { y } from "../core/policies/evaluate.ts";`],
    ["src/cli/x.ts", `import type { Y } from "../storage/y.ts";`],
    ["src/cli/x.ts", `import { y } from "../crypto/y.ts";`],
    ["src/verify/x.ts", `import type { Y } from "../core/y.ts";`],
    ["src/verify/x.ts", `import fastify from "fastify";`],
    ["src/server/x.ts", `import { y } from "../cli/y.ts";`],
    ["src/server/x.ts", `import { test } from "vitest";`],
    ["src/server/x.ts", `import { createServer } from "node:http";`],
    ["src/server/x.ts", `import { y } from "../../test/support/y.ts";`],
  ];
  test.each(forbidden)("%s: %s", (path, text) => {
    const specifier = /"(.*)"/.exec(text)?.[1];
    expect(findings({ [path]: `${text}\n` })).toEqual([`${path} must not import ${specifier}`]);
  });

  test("one dialect from another", () => {
    const folder = (name: string, index: string): Record<string, string> => ({
      [`src/dialects/${name}/index.ts`]: index,
      ...Object.fromEntries(
        ["routes", "schema", "present", "errors"].map((file) => [`src/dialects/${name}/${file}.ts`, ""]),
      ),
    });
    const one = folder("one", `import { x } from "../two/routes.ts";\nimport { d } from "../dialect.ts";\n`);
    expect(
      findings({ ...one, ...folder("two", `import "./routes.ts";`), "src/dialects/dialect.ts": "" }),
    ).toEqual(["src/dialects/one/index.ts must not import ../two/routes.ts"]);
  });

  test("a folder that is no room", () => {
    expect(findings({ "src/utils/x.ts": "" })).toEqual(["src/utils/x.ts lies in no known room"]);
  });

  test("while the allowed ones pass", () => {
    const allowed: [string, string][] = [
      [
        "src/core/x.ts",
        `import { hash } from "node:crypto";\nimport { Lexer } from "yaml";\nimport "./y.ts";`,
      ],
      ["src/storage/x.ts", `import pg from "pg";\nimport { y } from "../core/y.ts";`],
      ["src/http/x.ts", `import type { Y } from "../auth/y.ts";\nimport kept from "@scope/kept/deep";`],
      ["src/verify/x.ts", `import pg from "pg";\nimport { readFileSync } from "node:fs";`],
      ["src/server/x.ts", `import { y } from "../storage/y.ts";\nimport { z } from "../crypto/z.ts";`],
      ["src/server/x.ts", `import type { Server } from "node:http";`],
      ["src/cli/x.ts", `import type { Y } from "../core/y.ts";\nimport { z } from "../server/z.ts";`],
      ["src/cli/failure.ts", `import { CofferError } from "../core/errors.ts";`],
      ["src/cli/x.ts", `const { y } = await import("../core/policies/parse.ts");`],
      ["src/main.ts", `import { run } from "./cli/program.ts";`],
      ["src/storage/x.test.ts", `import { y } from "../crypto/y.ts";\nimport { test } from "vitest";`],
    ];
    for (const [path, text] of allowed) expect(findings({ [path]: `${text}\n` })).toEqual([]);
  });
});

describe("a circle of imports is found", () => {
  test("with the way round it", () => {
    const files = {
      "src/core/a.ts": `import { b } from "./b.ts";\n`,
      "src/core/b.ts": `import { c } from "./deep/c.ts";\n`,
      "src/core/deep/c.ts": `export { a } from "../a.ts";\n`,
    };
    expect(findings(files)).toEqual([
      "a circle of imports: src/core/a.ts → src/core/b.ts → src/core/deep/c.ts → src/core/a.ts",
    ]);
  });

  test("unless only types go round", () => {
    const files = {
      "src/core/a.ts": `import { b } from "./b.ts";\n`,
      "src/core/b.ts": `import type { A } from "./a.ts";\n`,
    };
    expect(findings(files)).toEqual([]);
  });
});

describe("what must not be written is found:", () => {
  test("the environment read outside the configuration", () => {
    expect(findings({ "src/storage/x.ts": "const home = process.env.HOME;" })).toEqual([
      "src/storage/x.ts must not read process.env",
    ]);
    for (const path of ["src/server/config.ts", "src/cli/client.ts", "src/main.ts"]) {
      expect(findings({ [path]: "const home = process.env.HOME;" })).toEqual([]);
    }
  });

  test("console.log outside the command line tool", () => {
    expect(findings({ "src/http/x.ts": `console.log("hello");` })).toEqual([
      "src/http/x.ts must not use console.log",
    ]);
    expect(findings({ "src/cli/output.ts": `console.log("hello");` })).toEqual([]);
  });

  test("a file that grew too long", () => {
    expect(findings({ "src/core/x.ts": "\n".repeat(401) })).toEqual([
      "src/core/x.ts has 401 lines, and 400 is the most",
    ]);
    expect(findings({ "src/core/x.ts": "\n".repeat(400), "test/x.test.ts": "\n".repeat(900) })).toEqual([]);
  });

  // Written in two halves, so that this file keeps the rules it tests.
  const words = ["TO|DO", "FIX|ME", "@ts|-ignore", "@ts|-nocheck"].map((halves) => halves.replace("|", ""));
  test.each(words)("%s, in comments too", (word) => {
    expect(findings({ "bench/x.ts": `// ${word} later\n` })).toEqual([`bench/x.ts must not say ${word}`]);
  });

  const phrases = ["as| any", "as unknown| as", ".on|ly(", ".sk|ip("].map((halves) =>
    halves.replace("|", ""),
  );
  test.each(phrases)("%s, in code", (phrase) => {
    expect(findings({ "test/x.test.ts": `x ${phrase} y\n` })).toEqual([
      `test/x.test.ts must not use ${phrase}`,
    ]);
    expect(findings({ "test/x.test.ts": `// the same ${phrase} other\n` })).toEqual([]);
  });

  test("a dialect without its five files", () => {
    const four = ["index", "routes", "schema", "present"].map((file) => [`src/dialects/one/${file}.ts`, ""]);
    expect(findings(Object.fromEntries(four))).toEqual([
      "src/dialects/one/errors.ts is missing: a dialect has these five files always",
    ]);
  });
});
