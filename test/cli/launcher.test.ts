// bin/coffer on its own: a copy of it in a package whose main only says who runs it, with the
// Node.js at hand claiming to be the version each case is about.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";

const repository = join(import.meta.dirname, "..", "..");
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

// Runs as TypeScript and as JavaScript alike.
const main = `
const [verb, word] = process.argv.slice(2);
if (verb === "who") console.log([import.meta.filename.slice(-11), process.pid, ...process.argv.slice(2)].join(" "));
if (verb === "serve") console.log(process.env.MALLOC_ARENA_MAX, ...process.execArgv.filter((flag) => /size|percent|scavenge/.test(flag)));
if (verb === "exit") process.exit(Number(word));
if (verb === "die") process.kill(process.pid, word);
if (verb === "echo") process.stdin.pipe(process.stdout);
if (verb === "drain") {
  process.on(word, () => setTimeout(() => { console.log("drained"); process.exit(7); }, 200));
  setInterval(() => {}, 1000);
  console.log("ready");
}
`;

interface Layout {
  /** The major version the running Node.js claims. */
  readonly running: number;
  /** The major version of the pinned one, if it is there. */
  readonly pinned?: number;
  readonly installed?: boolean;
}

function launcher({ running, pinned, installed = false }: Layout) {
  const top = mkdtempSync(join(tmpdir(), "coffer-launcher-"));
  folders.push(top);
  const root = installed ? join(top, "node_modules", "coffer") : join(top, "coffer");
  const put = (path: string, content: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  put("package.json", `{ "name": "coffer", "type": "module" }`);
  put("dist/main.js", main);
  put("src/main.ts", main);
  cpSync(join(repository, "bin"), join(root, "bin"), { recursive: true });
  if (pinned !== undefined) {
    put("node_modules/node/package.json", JSON.stringify({ name: "node", version: `${pinned}.1.0` }));
    mkdirSync(join(root, "node_modules", "node", "bin"));
    symlinkSync(process.execPath, join(root, "node_modules", "node", "bin", "node"));
  }
  const claim = join(top, "claim.cjs");
  const versions = `{ ...process.versions, node: "${running}.0.0" }`;
  // What puts one program in the place of another came with later releases than the oldest tried here.
  const older = running < 24 ? "delete process.execve;" : "";
  writeFileSync(claim, `Object.defineProperty(process, "versions", { value: ${versions} });${older}\n`);
  return (...args: string[]) =>
    spawn(process.execPath, ["--require", claim, join(root, "bin", "coffer"), ...args]);
}

async function outcome(child: ChildProcessWithoutNullStreams, input = "") {
  child.stdin.end(input);
  const ended = once(child, "exit");
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code, signal] = await ended;
  return { out, err, code, signal };
}

async function who(layout: Layout) {
  const child = launcher(layout)("who", "two words");
  const { out, err, code } = await outcome(child);
  expect(err).toBe("");
  expect(code).toBe(0);
  const [file, pid, ...args] = out.trimEnd().split(" ");
  expect(args.join(" ")).toBe("who two words");
  return { file, sameProcess: Number(pid) === child.pid };
}

test("a checkout runs the sources on the pinned Node.js when another one started it", async () => {
  expect(await who({ running: 20, pinned: 26 })).toEqual({ file: "src/main.ts", sameProcess: false });
  expect(await who({ running: 24, pinned: 26 })).toEqual({ file: "src/main.ts", sameProcess: true });
});

test("a checkout needs no second process when the running Node.js is the pinned one, or none is pinned", async () => {
  expect(await who({ running: 26, pinned: 26 })).toEqual({ file: "src/main.ts", sameProcess: true });
  expect(await who({ running: 24 })).toEqual({ file: "src/main.ts", sameProcess: true });
});

test("an installed package runs what was built, on the running Node.js if that is new enough", async () => {
  const installed = true;
  expect(await who({ running: 24, pinned: 26, installed })).toEqual({
    file: "ist/main.js",
    sameProcess: true,
  });
  expect(await who({ running: 20, pinned: 26, installed })).toEqual({
    file: "ist/main.js",
    sameProcess: false,
  });
});

test.each([20, 26])(
  "a server is started with a heap that grows in small steps, from Node.js %i too",
  async (running) => {
    const { out, err } = await outcome(launcher({ running, pinned: 26 })("serve"));
    expect({ out, err }).toEqual({
      out: "2 --max-semi-space-size=4 --no-parallel-scavenge --heap-growing-percent=20\n",
      err: "",
    });
  },
);

test("a Node.js that is too old, with no newer one beside it, is refused in one sentence", async () => {
  expect(await outcome(launcher({ running: 22 })("who"))).toEqual({
    out: "",
    err: "coffer needs Node.js 24 or newer, and this is 22.0.0.\n",
    code: 1,
    signal: null,
  });
  expect(await outcome(launcher({ running: 22, pinned: 22 })("who"))).toMatchObject({ out: "", code: 1 });
});

test("the exit code, the signal that ended it and standard input pass through", async () => {
  const coffer = launcher({ running: 20, pinned: 26 });
  expect(await outcome(coffer("exit", "3"))).toMatchObject({ code: 3, signal: null });
  expect(await outcome(coffer("die", "SIGKILL"))).toMatchObject({ code: null, signal: "SIGKILL" });
  expect(await outcome(coffer("die", "SIGTERM"))).toMatchObject({ code: null, signal: "SIGTERM" });
  expect(await outcome(coffer("echo"), "a value\n")).toMatchObject({ out: "a value\n", code: 0 });
});

test.each(["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"] as const)(
  "%s reaches the server, and the launcher waits for it",
  async (signal) => {
    const child = launcher({ running: 20, pinned: 26 })("drain", signal);
    child.stdout.setEncoding("utf8").once("data", () => child.kill(signal));
    const { out, code } = await outcome(child);
    expect(out).toMatch(/drained\n$/);
    expect(code).toBe(7);
  },
);
