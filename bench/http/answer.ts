// One request over a socket of its own, and the answer as it came over the wire: a yardstick that
// sends "the same bytes" can only be held against bytes.
import { connect } from "node:net";

export interface Question {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly token: string | null;
  readonly body?: object | undefined;
}

export interface Answer {
  readonly status: number;
  /** Names as they were sent, in order, each followed by its value. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  /** All of it: status line, headers and body. */
  readonly bytes: number;
}

const answerMsMax = 10_000;
const headEnd = Buffer.from("\r\n\r\n");

export function ask(url: string, { method, path, token, body }: Question): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const content = body === undefined ? "" : JSON.stringify(body);
  const head = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    "Connection: keep-alive",
    ...(token === null ? [] : [`Authorization: Bearer ${token}`]),
    ...(body === undefined
      ? []
      : ["Content-Type: application/json", `Content-Length: ${Buffer.byteLength(content)}`]),
  ];
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const socket = connect(Number(port), hostname, () => {
    socket.write(`${head.join("\r\n")}\r\n\r\n${content}`);
  });
  const chunks: Buffer[] = [];
  socket.setTimeout(answerMsMax, () => socket.destroy(new Error(`no answer to ${method} ${path}`)));
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    const answer = parse(Buffer.concat(chunks));
    if (answer !== null) resolve(answer);
  });
  socket.on("error", reject);
  socket.on("end", () => reject(new Error(`the connection ended before ${method} ${path} was answered`)));
  return promise.finally(() => socket.destroy());
}

/** Null while it is not all there. */
function parse(received: Buffer): Answer | null {
  const end = received.indexOf(headEnd);
  if (end === -1) return null;
  const [statusLine = "", ...lines] = received.toString("latin1", 0, end).split("\r\n");
  const headers = lines.flatMap((line) => [
    line.slice(0, line.indexOf(":")),
    line.slice(line.indexOf(":") + 1).trim(),
  ]);
  const length = Number(header(headers, "content-length") ?? Number.NaN);
  if (Number.isNaN(length)) throw new Error("an answer without Content-Length cannot be compared");
  const bytes = end + headEnd.length + length;
  if (received.length < bytes) return null;
  const status = Number(statusLine.split(" ")[1]);
  return { status, headers, body: received.subarray(end + headEnd.length, bytes), bytes };
}

export function header(headers: readonly string[], name: string): string | null {
  const at = headers.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name);
  return at === -1 ? null : (headers[at + 1] ?? null);
}
