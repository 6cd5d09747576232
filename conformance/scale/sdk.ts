// Scale's Python library as a process that does what it is told, one line at a time: the key stands in its
// environment, where it looks for it, and values come by its input.
import assert from "node:assert/strict";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { cleanEnvironment, machineEnvironment, run, start, temporaryFolder } from "../support/processes.ts";
import { installPackages } from "../support/python.ts";

const here = import.meta.dirname;

/** A release of the library, as it is pinned in a folder beside this file. */
export interface Release {
  readonly name: string;
  readonly python: string;
  readonly packages: string;
}

export async function installRelease(pin: string): Promise<Release> {
  const { program, folder } = await installPackages("scale", pin, join(here, pin));
  return { name: pin, python: program, packages: folder };
}

export type Mode = "sync" | "async";

export interface Step {
  readonly mode: Mode;
  readonly call: "create" | "retrieve" | "update" | "list" | "delete" | "walk" | "raw" | "version";
  readonly of?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  /** Of the library's client. */
  readonly options?: Readonly<Record<string, unknown>>;
}

export interface Refused {
  readonly error: string;
  readonly status: number | null;
  // biome-ignore lint/suspicious/noExplicitAny: a suite looks into whatever the wire carried
  readonly body: any;
  readonly message: string;
}

export interface Sdk {
  // biome-ignore lint/suspicious/noExplicitAny: a suite looks into whatever the wire carried
  does(step: Step): Promise<any>;
  /** What must be refused. */
  refused(step: Step): Promise<Refused>;
  close(): void;
}

export function startSdk({ python, packages }: Release, variables: Readonly<Record<string, string>>): Sdk {
  const child = start(python, [join(here, "client.py")], {
    env: cleanEnvironment({ PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: "1", ...variables }),
    stdio: ["pipe", "pipe", "inherit"],
    cwd: temporaryFolder(),
  });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error("the library's process has no pipes");
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const say = async (step: Step) => {
    stdin.write(`${JSON.stringify(step)}\n`);
    const { value, done } = await lines.next();
    if (done === true) throw new Error("the library's process ended");
    return JSON.parse(value);
  };
  return {
    async does(step) {
      const said = await say(step);
      assert.ok(!("error" in said), `${step.call} was refused: ${JSON.stringify(said)}`);
      return said.value;
    },
    async refused(step) {
      const said = await say(step);
      assert.ok("error" in said, `${step.call} was not refused`);
      return said;
    },
    close: () => void stdin.end(),
  };
}

/** Why a registry does not deliver a client, by its own answer. Null where it does. */
export async function refusalOf(
  program: string,
  args: readonly string[],
  because: RegExp,
): Promise<string | null> {
  const options = { env: machineEnvironment(), cwd: temporaryFolder() };
  const { code, stdout, stderr } = await run(program, args, options);
  return code === 0 ? null : (because.exec(stdout + stderr)?.[0] ?? null);
}
