// How the parts of a test run are started: on the pinned Node.js, with no standard input to wait for.
import { spawn } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import type { Count } from "./count.ts";

export const root = dirname(import.meta.dirname);

const environment = {
  ...process.env,
  PATH: [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter),
};

/** Runs a program with its output shown as it comes. True when it ended well. */
export async function run(title: string, program: string, args: readonly string[]): Promise<boolean> {
  console.log(`\n── ${title}`);
  return (await start(program, args, "inherit")).ok;
}

/** Runs a program that is worth one line when it ends well, and its whole output when it does not. */
export async function runQuietly(title: string, program: string, args: readonly string[]): Promise<Count> {
  const startedMs = performance.now();
  const { ok, output } = await start(program, args, "pipe");
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`── ${title}: ${ok ? "ok" : "failed"} (${seconds} s)`);
  if (!ok) console.log(output.trimEnd());
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
}

function start(
  program: string,
  args: readonly string[],
  show: "inherit" | "pipe",
): Promise<{ ok: boolean; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, env: environment, stdio: ["ignore", show, show] });
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.on("error", (error) => resolve({ ok: false, output: `${output}${error.message}` }));
    child.on("close", (code) => resolve({ ok: code === 0, output }));
  });
}
