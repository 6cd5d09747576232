// Runs a script of this folder with a shell and the real program, and compares what it said.
import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { asExpected, parseScript, type Step } from "./script.ts";

const main = join(import.meta.dirname, "../../src/main.ts");

export async function scriptsIn(path: string): Promise<string[]> {
  return (await readdir(path)).filter((name) => name.endsWith(".txt")).sort();
}

/** Runs a script in a home of its own, with `coffer` in the path and the given variables beside. */
export async function follow(path: string, variables: Readonly<Record<string, string>> = {}): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "coffer-cli-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const bin = join(home, "bin");
  await mkdir(bin);
  await writeFile(join(bin, "coffer"), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`);
  await chmod(join(bin, "coffer"), 0o755);
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: home,
    TZ: "Asia/Tokyo",
    LC_ALL: "C.UTF-8",
    NOBODY: `http://127.0.0.1:${await closedPort()}`,
    ...variables,
  };
  const steps = parseScript(await readFile(path, "utf8"));
  expect(steps).not.toEqual([]);
  for (const step of steps) {
    const { stdout, stderr, exitCode } = await shell(step, home, env);
    const actual = {
      at: `line ${step.line}: ${step.command}`,
      stdout: asExpected(step.stdout, stdout),
      stderr: asExpected(step.stderr, stderr),
      exitCode,
    };
    expect(actual).toEqual({
      at: actual.at,
      stdout: step.stdout,
      stderr: step.stderr,
      exitCode: step.exitCode,
    });
  }
}

/** One line for `sh`, with nothing on stdin. */
function shell(
  step: Step,
  home: string,
  env: NodeJS.ProcessEnv,
): Promise<{ stdout: string; stderr: string; exitCode: number | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn("sh", ["-c", step.command], { cwd: home, env, stdio: ["ignore", "pipe", "pipe"] });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    child.on("error", reject);
    child.on("close", (exitCode) =>
      resolve({
        stdout: Buffer.concat(stdout).toString("utf8"),
        stderr: Buffer.concat(stderr).toString("utf8"),
        exitCode,
      }),
    );
  });
}

/** A port where nobody listens: it was free a moment ago. */
function closedPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
