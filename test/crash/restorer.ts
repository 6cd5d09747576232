// A restore in a process of its own, killed from within: `?at=rows:N` once so many rows are written, or at
// one of its fault points.
import { restore } from "../../src/server/restore.ts";

const [file = "", at = "", data = "", database = ""] = process.argv.slice(2);
const [, rows] = /^rows:(\d+)$/.exec(at) ?? [];

function die(): void {
  process.kill(process.pid, "SIGKILL");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
}

await restore({ data, ...(database === "" ? {} : { database }) }, file, {
  stdin: process.stdin,
  onRows: (count) => {
    if (rows !== undefined && count >= Number(rows)) die();
  },
  fault: (point) => {
    if (point === at) die();
  },
});
