// The root-key provider "pkcs11": a token that PKCS #11 reaches, by a process for each question. Keeps: a
// PIN that the token refused is not shown to it again by this server; the PIN is never an argument.
import { spawn } from "node:child_process";
import { hash } from "node:crypto";
import { extname } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { limits } from "../../../core/limits.ts";
import {
  type Context,
  type Credential,
  contextBytes,
  lacksPackage,
  type Pkcs11Algorithm,
  type Pkcs11Settings,
  type ProviderFailure,
  pkcs11Algorithms,
  providerError,
  type RootProvider,
} from "../provider.ts";
import type { Outcome, Question } from "./message.ts";

const packageName = "pkcs11js";
const packageRange = "^2.1.0";

/** Beside this file, as source or built. */
const child = fileURLToPath(new URL(`./child${extname(import.meta.url)}`, import.meta.url));

export function openPkcs11(settings: Pkcs11Settings, pin: Credential): RootProvider {
  const { module, tokenLabel, tokenSerial, key, algorithm } = settings;
  const name = `PKCS #11 token ${tokenLabel ?? tokenSerial}, key ${key}`;
  let refusedPin: string | null = null;

  async function ask(
    work: Question["work"],
    by: Pkcs11Algorithm,
    bytes: Buffer,
    context: Context,
  ): Promise<{ readonly bytes: Buffer; readonly serial: string }> {
    const shown = await pin();
    const digest = hash("sha256", shown);
    if (digest === refusedPin) throw providerError(name, "denied", { note: refusedNote });
    const said = await saidOf({
      module,
      place: { tokenLabel, tokenSerial, key },
      pin: shown,
      work,
      algorithm: by,
      bytes: bytes.toString("base64"),
      context: contextBytes(context).toString("base64"),
    });
    const outcome = said.outcome;
    if (outcome === null) {
      if (said.pinInDoubt) refusedPin = digest;
      throw providerError(name, said.pinInDoubt ? "denied" : "unavailable", {
        note: "no answer of its module",
      });
    }
    if (outcome.ok) return { bytes: Buffer.from(outcome.bytes, "base64"), serial: outcome.serial };
    const { trouble, code } = outcome;
    if (trouble === "package") throw lacksPackage("pkcs11", packageName, packageRange, undefined);
    if (trouble === "pin") refusedPin = digest;
    const note = trouble === "pin" ? refusedNote : (notes[trouble] ?? null);
    const number = code === null ? null : `PKCS #11 error ${code}`;
    const full = [note, number].filter((one) => one !== null).join("; ");
    throw providerError(name, failures[trouble], full === "" ? {} : { note: full });
  }

  return {
    kind: "pkcs11",
    async wrap(plain, context) {
      const { bytes, serial } = await ask("wrap", algorithm, plain, context);
      return { keyId: `${encodeURIComponent(serial)}/${encodeURIComponent(key)}`, algorithm, blob: bytes };
    },
    async unwrap(wrapped, context) {
      const by = pkcs11Algorithms.find((one) => one === wrapped.algorithm);
      if (by === undefined) throw providerError(name, "damaged");
      return (await ask("unwrap", by, wrapped.blob, context)).bytes;
    },
    describe: () => name,
  };
}

const refusedNote = "the PIN is not tried again, because tokens lock: put it right and start the server";

type Trouble = Exclude<Extract<Outcome, { ok: false }>["trouble"], "package">;

const failures: Readonly<Record<Trouble, ProviderFailure>> = {
  module: "refused",
  "no-token": "unavailable",
  pin: "denied",
  "no-key": "no-key",
  "key-unusable": "refused",
  damaged: "damaged",
  device: "unavailable",
};

const notes: Readonly<Partial<Record<Trouble, string>>> = {
  module: "the module cannot be loaded",
  "no-token": "there is no such token, or more than one",
  "no-key": "or more than one",
  "key-unusable": "it must be an AES key of 32 bytes that is sensitive",
};

interface Said {
  /** Null where the process ended, or was ended, before it had one. */
  readonly outcome: Outcome | null;
  /** The token was shown the PIN, and nobody knows what it made of it. */
  readonly pinInDoubt: boolean;
}

async function saidOf(question: Question): Promise<Said> {
  const asked = spawn(process.execPath, [child], {
    stdio: ["pipe", "ignore", "ignore", "pipe"],
    timeout: limits.rootProviderMs,
    killSignal: "SIGKILL",
  });
  const [stdin, , , answered] = asked.stdio;
  // Of a process that could not be started nothing comes.
  asked.once("error", () => answered?.destroy());
  stdin?.on("error", () => {}); // it may end before it has read: then there is no answer either
  stdin?.end(JSON.stringify(question));
  const lines = (await text(answered as Readable).catch(() => "")).split("\n");
  const moments = lines.filter((line) => line === "shown" || line === "taken");
  const last = lines.at(-2);
  return {
    outcome: last?.startsWith("{") ? (JSON.parse(last) as Outcome) : null, // our own process wrote it
    pinInDoubt: moments.at(-1) === "shown",
  };
}
