// Where clients, or servers to test against, come as Python packages.
import { join } from "node:path";
import { installed } from "./cache.ts";
import { install, machineEnvironment, run } from "./processes.ts";

/** The interpreter itself: what `python3` names may be a script that looks for its home. */
export async function findPython(): Promise<{ readonly program: string; readonly tag: string }> {
  const asked = "import sys; print(sys.executable); print(sys.implementation.cache_tag)";
  const { code, stdout, stderr } = await run("python3", ["-c", asked], { env: machineEnvironment() });
  const [program, tag] = stdout.split("\n");
  if (code !== 0 || !program || !tag) throw new Error(`python3 does not say what it is:\n${stderr}`);
  return { program, tag };
}

export interface Packages {
  /** The interpreter. */
  readonly program: string;
  /** What its PYTHONPATH must name. */
  readonly folder: string;
}

/** What `requirements.txt` under `pins` locks, by its hashes. */
export async function installPackages(dialect: string, client: string, pins: string): Promise<Packages> {
  const { program, tag } = await findPython();
  // Parts of packages are compiled for one interpreter.
  const folder = await installed(dialect, `${client}-${tag}`, pins, (into) => {
    console.log(`installing ${client}`);
    const locked = ["--require-hashes", "--only-binary=:all:", "-r", join(pins, "requirements.txt")];
    return install(program, ["-m", "pip", "install", "--quiet", "--target", into, ...locked], into);
  });
  return { program, folder };
}
