// Where clients come as Python packages.
import { machineEnvironment, run } from "./processes.ts";

/** The interpreter itself: what `python3` names may be a script that looks for its home. */
export async function findPython(): Promise<{ readonly program: string; readonly tag: string }> {
  const asked = "import sys; print(sys.executable); print(sys.implementation.cache_tag)";
  const { code, stdout, stderr } = await run("python3", ["-c", asked], { env: machineEnvironment() });
  const [program, tag] = stdout.split("\n");
  if (code !== 0 || !program || !tag) throw new Error(`python3 does not say what it is:\n${stderr}`);
  return { program, tag };
}
