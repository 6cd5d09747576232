// The outside of the program as one object: arguments, environment, streams. Commands receive it
// and touch nothing of `process` themselves, so that what a command can reach is plain to see.
import type { ReadStream, WriteStream } from "node:tty";
import { TextDecoder } from "node:util";
import { usage } from "./failure.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Shell {
  readonly env: Environment;
  readonly stdin: (NodeJS.ReadableStream | ReadStream) & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream | WriteStream;
  readonly stderr: NodeJS.WritableStream | WriteStream;
}

/** Resolves when the text was handed on. A reader that went away (`| head`) is not a failure. */
export function write(stream: NodeJS.WritableStream, text: string): Promise<void> {
  if (text === "") return Promise.resolve();
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (error && !("code" in error && error.code === "EPIPE")) reject(error);
      else resolve();
    });
  });
}

/** Far above what a value may hold, so that the server's own bound speaks; `/dev/zero` ends here. */
const inputBytesMax = 1024 * 1024;

export async function readAll(stream: NodeJS.ReadableStream, bytesMax = inputBytesMax): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const part = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    bytes += part.length;
    if (bytes > bytesMax) throw usage(`the input is longer than ${bytesMax} bytes`);
    chunks.push(part);
  }
  return Buffer.concat(chunks);
}

/** Strict: a value that is not UTF-8 would come back as something else. A byte order mark is kept. */
export function utf8(bytes: Uint8Array, what: string, hint?: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    const failure = usage(`${what} is not well-formed UTF-8 text`, hint);
    failure.cause = cause;
    throw failure;
  }
}
