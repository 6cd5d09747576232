// What strace wrote down, as calls in the order of their beginnings and ends, and the question asked
// of it: was anything synced between a request and its answer?
export interface Call {
  readonly name: string;
  readonly text: string;
  /** Lines of the trace: a call of another thread may lie between them. */
  readonly begun: number;
  readonly ended: number;
}

const whole = /^(\d+) +(\w+)\((.*)$/;
const resumed = /^(\d+) +<\.\.\. (\w+) resumed>(.*)$/;
const unfinished = " <unfinished ...>";

export function callsIn(trace: string): Call[] {
  const calls: Call[] = [];
  const open = new Map<string, { name: string; text: string; begun: number }>();
  for (const [line, content] of trace.split("\n").entries()) {
    const [, again, , rest = ""] = resumed.exec(content) ?? [];
    const begun = again === undefined ? undefined : open.get(again);
    if (again !== undefined && begun !== undefined) {
      open.delete(again);
      calls.push({ ...begun, text: begun.text + rest, ended: line });
      continue;
    }
    const [, thread, name, text] = whole.exec(content) ?? [];
    if (thread === undefined || name === undefined || text === undefined) continue;
    if (!text.endsWith(unfinished)) calls.push({ name, text, begun: line, ended: line });
    else open.set(thread, { name, text: text.slice(0, -unfinished.length), begun: line });
  }
  return calls.sort((one, other) => one.begun - other.begun);
}

export type Verdict = "synced" | "no sync" | "nothing written" | "no such request";

/**
 * Between reading the request and writing a 2xx to the same socket: was the log written to, and did
 * a sync of it begin after such a write and end before the answer? The writer may be at the next
 * group by then, so a write after the sync says nothing.
 */
export function durability(calls: readonly Call[], request: string): Verdict {
  const asked = calls.find((call) => isRead(call) && call.text.includes(`"${request}`));
  if (asked === undefined) return "no such request";
  const socket = fileOf(asked);
  const answer = calls.find(
    (call) =>
      call.begun > asked.ended &&
      isSent(call) &&
      fileOf(call) === socket &&
      /"HTTP\/1\.1 2\d\d/.test(call.text),
  );
  if (answer === undefined) return "no such request";
  const between = calls.filter((call) => call.begun > asked.ended && call.ended < answer.begun);
  const written = between.find((call) => call.name.startsWith("pwrite") && isLog(call));
  if (written === undefined) return "nothing written";
  const sync = between.find(
    (call) =>
      /^f(data)?sync$/.test(call.name) &&
      isLog(call) &&
      call.begun > written.ended &&
      / = 0$/.test(call.text),
  );
  return sync === undefined ? "no sync" : "synced";
}

function isRead({ name }: Call): boolean {
  return name === "read" || name === "recvfrom" || name === "recvmsg";
}

function isSent({ name }: Call): boolean {
  return name === "write" || name === "writev" || name === "sendto" || name === "sendmsg";
}

/** `-y` writes the name of the file behind its number. */
function fileOf({ text }: Call): string {
  return /^\d+<([^>]*)>/.exec(text)?.[1] ?? "";
}

function isLog(call: Call): boolean {
  return fileOf(call).endsWith("/coffer.db-wal");
}
