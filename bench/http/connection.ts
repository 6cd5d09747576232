// One keep-alive connection of the load: it sends a request, takes the answer and sends the next. It
// reads no more of an answer than how it begins and where it ends: on a machine with few cores, what
// the generator spends is taken from the server.
import { connect } from "node:net";
import type { Tally } from "./tally.ts";

const receiveBytes = 65_536;
const answerTimeoutMs = 30_000;
const endOfHead = Buffer.from("\r\n\r\n");
const lengthField = /\r\ncontent-length: (\d+)\r\n/i;
/** Where the first digit of the status stands: "HTTP/1.1 200". */
const statusAt = 9;
const two = 0x32;

/** Sends one request after another until there is no next. A connection that breaks is a failure. */
export function converse(url: URL, next: () => Buffer | null, tally: Tally): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let begun: Buffer | null = null;
  let sentMs = 0;
  let over = false;

  const finish = (failed: boolean) => {
    if (over) return;
    over = true;
    if (failed) tally.broken();
    socket.destroy();
    resolve();
  };

  const send = () => {
    const request = next();
    if (request === null) return finish(false);
    sentMs = performance.now();
    socket.write(request);
  };

  const take = (bytes: Buffer) => {
    const answer = begun === null ? bytes : Buffer.concat([begun, bytes]);
    const length = answerLength(answer);
    if (length === null || answer.length < length) {
      begun = Buffer.from(answer); // what it was read into is used again
      return;
    }
    begun = null;
    // One request was asked: more than one answer, or one without an end, is no answer to it.
    if (length !== answer.length) return finish(true);
    tally.answered(answer[statusAt] === two, length, sentMs);
    send();
  };

  const buffer = Buffer.allocUnsafe(receiveBytes);
  const socket = connect({
    host: url.hostname,
    port: Number(url.port),
    noDelay: true,
    onread: {
      buffer,
      callback(count) {
        take(buffer.subarray(0, count));
        return true;
      },
    },
  });
  socket.setTimeout(answerTimeoutMs, () => finish(true));
  socket.once("connect", send);
  socket.once("error", () => finish(true));
  socket.once("close", () => finish(true));
  return promise;
}

/** How many bytes the answer has that begins here; null while its head is not whole; -1 if it does not say. */
function answerLength(answer: Buffer): number | null {
  const head = answer.indexOf(endOfHead);
  if (head < 0) return null;
  const [, length] = lengthField.exec(answer.toString("latin1", 0, head + 2)) ?? [];
  return length === undefined ? -1 : head + endOfHead.length + Number(length);
}
