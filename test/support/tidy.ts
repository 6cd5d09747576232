// The rules the code base keeps about itself, as a function from file texts to complaints.
// It reads import lines and words, not types, and touches no disk but in `readTree`.
// It keeps: rooms import one way, without circles, and what must not be written is not there.
import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, posix } from "node:path";

/** File texts by their path from the repository's root, with forward slashes. */
export type Tree = ReadonlyMap<string, string>;

export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

interface Room {
  /** Rooms, or single files, it may import from, beside itself. */
  readonly imports: readonly string[];
  /** Of these it may know types only. */
  readonly types?: readonly string[];
  /** Absent: every module of Node, and every package that is a dependency. */
  readonly modules?: readonly string[];
}

const linesMax = 400;
const dialectFiles = ["index.ts", "routes.ts", "schema.ts", "present.ts", "errors.ts"];
// In halves, so that this file keeps the rule itself.
const forbiddenWords = new RegExp(
  ["\\bTO", "DO\\b|\\bFIX", "ME\\b|@ts-", "(?:ignore|nocheck)"].join(""),
  "g",
);
const dialectInterface = "src/dialects/dialect.ts";

/** `src/<room>`: what may flow into it. A folder that is not named here is an error by itself. */
const rooms: Readonly<Record<string, Room>> = {
  core: { imports: [], modules: ["node:crypto", "node:util", "yaml"] },
  crypto: { imports: ["core"] },
  storage: { imports: ["core"] },
  backends: { imports: ["core"] },
  auth: { imports: ["core"] },
  http: { imports: ["core"], types: ["auth"] },
  dialects: { imports: ["core", "http"] },
  verify: { imports: [], modules: ["pg", "node:"] },
  server: { imports: ["core", "crypto", "storage", "backends", "auth", "http", "dialects", "verify"] },
  // The one error class is everybody's, and policies are checked without a server; the rest of the
  // domain the CLI knows by its types.
  cli: {
    imports: [
      "server",
      "verify",
      "core/errors.ts",
      "core/policies/claims.ts",
      "core/policies/explain.ts",
      "core/policies/parse.ts",
    ],
    types: ["core"],
  },
  "main.ts": { imports: ["cli", "server"] },
};

/** Everything that is wrong with the tree, one sentence each, sorted. */
export function complaints(tree: Tree, dependencies: readonly string[]): string[] {
  const product = [...tree.keys()].filter((path) => path.startsWith("src/") && !isTest(path));
  return [
    ...product.flatMap((path) => directions(path, importsOf(tree.get(path) ?? ""), dependencies)),
    ...circles(tree, product),
    ...product.flatMap((path) => reach(path, tree.get(path) ?? "")),
    ...[...tree].flatMap(([path, text]) => wording(path, text)),
    ...dialectFolders(product),
  ].sort();
}

/** The import and re-export statements of a formatted file, its dynamic imports and its threads. */
export function importsOf(text: string): Import[] {
  const code = withoutComments(text);
  const statements = code.matchAll(/^(?:import|export)\s+(type\s)?(?:[\w*{][^;"]*?\sfrom\s+)?"([^"]+)"/gm);
  const dynamic = code.matchAll(/\b(?:import\(\s*"([^"]+)"|new URL\(\s*"([^"]+\.ts)")/g);
  return [
    ...Array.from(statements, ([, type, specifier = ""]) => ({ specifier, typeOnly: type !== undefined })),
    ...Array.from(dynamic, ([, module, thread]) => ({ specifier: module ?? thread ?? "", typeOnly: false })),
  ].filter(({ specifier }) => specifier !== "");
}

/** The files a person wrote, below the given folders. */
export function readTree(root: string, folders: readonly string[]): Tree {
  const tree = new Map<string, string>();
  for (const folder of folders) {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true, recursive: true })) {
      if (!entry.isFile() || !entry.name.endsWith(".ts")) continue;
      const path = join(entry.parentPath, entry.name);
      tree.set(path.slice(root.length + 1).replaceAll("\\", "/"), readFileSync(path, "utf8"));
    }
  }
  return tree;
}

function directions(path: string, imports: readonly Import[], dependencies: readonly string[]): string[] {
  const name = roomOf(path);
  const room = rooms[name];
  if (room === undefined) return [`${path} lies in no known room`];
  return imports.flatMap(({ specifier, typeOnly }) => {
    const refused = [`${path} must not import ${specifier}`];
    if (specifier === "node:http" && !typeOnly) return refused; // 16 MB: src/server/node-http.ts
    if (!specifier.startsWith(".")) return mayUseModule(room, specifier, dependencies) ? [] : refused;
    const target = resolve(path, specifier);
    if (!target.startsWith("src/")) return refused;
    if (name === "dialects" && roomOf(target) === name) return mayMeet(path, target) ? [] : refused;
    const allowed = [name, ...room.imports, ...(typeOnly ? (room.types ?? []) : [])];
    return allowed.includes(roomOf(target)) || allowed.includes(target.slice("src/".length)) ? [] : refused;
  });
}

function mayUseModule(room: Room, specifier: string, dependencies: readonly string[]): boolean {
  if (room.modules !== undefined) {
    return room.modules.some((known) =>
      known === "node:" ? specifier.startsWith(known) : specifier === known,
    );
  }
  if (isBuiltin(specifier)) return true;
  const parts = specifier.split("/");
  return dependencies.includes(specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? ""));
}

/** Dialects share their interface, and nothing else. What lies beside the folders may list them. */
function mayMeet(path: string, target: string): boolean {
  const here = dialectOf(path);
  return here === null || here === dialectOf(target) || target === dialectInterface;
}

/** Imports that only name types vanish before anything runs, so they make no circle. */
function circles(tree: Tree, paths: readonly string[]): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start !== -1) found.push(`a circle of imports: ${[...trail.slice(start), path].join(" → ")}`);
    if (start !== -1 || done.has(path)) return;
    for (const { specifier, typeOnly } of importsOf(tree.get(path) ?? "")) {
      if (!typeOnly && specifier.startsWith(".")) walk(resolve(path, specifier), [...trail, path]);
    }
    done.add(path);
  };
  for (const path of paths) walk(path, []);
  return found;
}

/** What only some rooms may touch. */
function reach(path: string, text: string): string[] {
  const code = withoutComments(text);
  const found: string[] = [];
  const readsEnvironment =
    path === "src/server/config.ts" || path === "src/main.ts" || roomOf(path) === "cli";
  if (!readsEnvironment && /\bprocess\.env\b|\benv\b[^;]*from "node:process"/.test(code)) {
    found.push(`${path} must not read process.env`);
  }
  if (roomOf(path) !== "cli" && /\bconsole\.log\b/.test(code)) found.push(`${path} must not use console.log`);
  return found;
}

function wording(path: string, text: string): string[] {
  const code = withoutComments(text);
  const found: string[] = [];
  for (const word of text.match(forbiddenWords) ?? []) {
    found.push(`${path} must not say ${word}`);
  }
  for (const [words] of code.matchAll(/\bas any\b|\bas unknown as\b|\.only\(|\.skip\(/g)) {
    found.push(`${path} must not use ${words}`);
  }
  const lines = text.split("\n").length - 1;
  if (path.startsWith("src/") && lines > linesMax) {
    found.push(`${path} has ${lines} lines, and ${linesMax} is the most`);
  }
  return found;
}

function dialectFolders(paths: readonly string[]): string[] {
  const names = new Set(paths.map(dialectOf).filter((name) => name !== null));
  return [...names].flatMap((name) =>
    dialectFiles
      .map((file) => `src/dialects/${name}/${file}`)
      .filter((file) => !paths.includes(file))
      .map((file) => `${file} is missing: a dialect has these five files always`),
  );
}

function isTest(path: string): boolean {
  return path.endsWith(".test.ts");
}

function roomOf(path: string): string {
  return path.split("/")[1] ?? "";
}

function dialectOf(path: string): string | null {
  return /^src\/dialects\/([^/]+)\//.exec(path)?.[1] ?? null;
}

function resolve(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier);
}

/** Comments blanked out, strings kept. A double slash inside a string is no comment. */
function withoutComments(text: string): string {
  return text.replace(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    (_, quoted: string | undefined) => quoted ?? "",
  );
}
