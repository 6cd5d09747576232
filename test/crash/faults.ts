// Kills the server at a named point of the engine, from within: `?at=POINT:N` of this module's URL is
// the Nth time that point is passed. Threads have no environment, so it comes with the URL. Only the
// entry module of this folder hands it to the engine.
const at = new URL(import.meta.url).searchParams.get("at") ?? "";
const [wanted = "", times = "1"] = at.split(/:(?=\d+$)/);
let passed = 0;

export function fault(point: string): void {
  if (point !== wanted) return;
  passed += 1;
  if (passed < Number(times)) return;
  process.kill(process.pid, "SIGKILL");
  // The signal may take a moment, and nothing more may happen in it.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
}
