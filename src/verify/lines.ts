// The lines of a file, as JSON Lines has them: a line feed ends one and nothing else does. Node's readline
// also splits at U+2028 and U+2029, which JSON leaves as they are and names may hold.
import { createReadStream } from "node:fs";

const lineFeed = 10;

/** A carriage return before the line feed is not of the line. */
export async function* linesOf(path: string): AsyncIterable<string> {
  let begun: Buffer[] = [];
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(lineFeed); at !== -1; at = chunk.indexOf(lineFeed, from)) {
      yield textOf([...begun, chunk.subarray(from, at)]);
      begun = [];
      from = at + 1;
    }
    if (from < chunk.length) begun.push(chunk.subarray(from));
  }
  if (begun.length > 0) yield textOf(begun);
}

function textOf(parts: readonly Buffer[]): string {
  const text = Buffer.concat(parts).toString("utf8");
  return text.endsWith("\r") ? text.slice(0, -1) : text;
}
