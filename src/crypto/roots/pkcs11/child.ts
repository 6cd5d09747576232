// The entry of a process of its own for one task on a token: a vendor's module blocks, and may bring a
// process down. The task comes on stdin and the outcome goes to descriptor 3: nothing of it is ever an
// argument, and a module that prints disturbs nobody.
import { writeSync } from "node:fs";
import { createRequire } from "node:module";
import { json } from "node:stream/consumers";
import type { Cryptoki } from "./cryptoki.ts";
import type { Outcome, Question } from "./message.ts";
import { onToken, TokenError } from "./token.ts";

const outcome = answer((await json(process.stdin)) as Question);
say(JSON.stringify(outcome));

function say(line: string): void {
  writeSync(3, `${line}\n`);
}

function answer({ module, place, pin, work, algorithm, bytes, context }: Question): Outcome {
  const cryptoki = loaded(module);
  if (typeof cryptoki === "string") return { ok: false, trouble: cryptoki, code: null };
  const given = { algorithm, context: Buffer.from(context, "base64") };
  const input = Buffer.from(bytes, "base64");
  try {
    const task = work === "wrap" ? { work, plain: input, ...given } : { work, blob: input, ...given };
    const { bytes: output, serial } = onToken(cryptoki, { place, pin, tell: say }, task);
    return { ok: true, bytes: output.toString("base64"), serial };
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    return { ok: false, trouble: error.trouble, code: error.code };
  }
}

function loaded(module: string): Cryptoki | "package" | "module" {
  let cryptoki: Cryptoki;
  try {
    const { PKCS11 } = createRequire(import.meta.url)("pkcs11js") as { PKCS11: new () => Cryptoki };
    cryptoki = new PKCS11();
  } catch {
    return "package";
  }
  try {
    cryptoki.load(module);
    return cryptoki;
  } catch {
    return "module";
  }
}
