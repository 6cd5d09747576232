// The yardstick of reading: a bare `node:http` server which sends the bytes of one answer it was
// given, whatever is asked. `bare-server.ts` is its process.
import { ask, end, startScript } from "../children.ts";
import { type Answer, ask as askHttp } from "./answer.ts";

export interface Bare {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** What the parent hands to the process. */
export interface Canned {
  readonly status: number;
  readonly headers: readonly string[];
  readonly bodyBase64: string;
  readonly keepAliveSeconds: number;
}

/** Node adds these by itself. */
const added = new Set(["date", "connection", "keep-alive"]);

/** An answer as a process of the bench can send it again. */
export function cannedOf({ status, headers: given, body }: Answer): Canned {
  const headers: string[] = [];
  let keepAliveSeconds = 0;
  for (let at = 0; at < given.length; at += 2) {
    const [name = "", value = ""] = given.slice(at, at + 2);
    if (name.toLowerCase() === "keep-alive") keepAliveSeconds = Number(/timeout=(\d+)/.exec(value)?.[1]);
    if (!added.has(name.toLowerCase())) headers.push(name, value);
  }
  return { status, headers, bodyBase64: body.toString("base64"), keepAliveSeconds };
}

export async function startBare(answer: Answer): Promise<Bare> {
  const child = startScript(new URL("./bare-server.ts", import.meta.url));
  const port = Number(await ask(child, cannedOf(answer)));
  const url = `http://127.0.0.1:${port}`;
  const same = await askHttp(url, { method: "GET", path: "/", token: null });
  if (same.status !== answer.status || same.bytes !== answer.bytes) {
    throw new Error(`node:http sends ${same.bytes} bytes where the server sent ${answer.bytes}`);
  }
  return { url, pid: child.pid ?? 0, stop: () => end(child, "SIGKILL") };
}
