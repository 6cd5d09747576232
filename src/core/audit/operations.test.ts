import { expect, test } from "vitest";
import type { SignedHead, StreamHead } from "./entry.ts";
import { headSigner } from "./operations.ts";

const hour = 3_600_000;

/** A stream of so many entries, a clock, and a database that may refuse to store heads. */
function aSigner() {
  const at = { seq: 5, now: hour, refuses: false };
  const emitted: SignedHead[] = [];
  const database = {
    heads: () => [{ stream: "s", seq: at.seq, hash: new Uint8Array(32) }],
    async share<O>(): Promise<O> {
      if (at.refuses) throw new Error("the disk is full");
      return null as O;
    },
  };
  const keyring = {
    signHead: ({ stream, seq }: StreamHead, signedAt: number) => {
      return { stream, seq, hash: "", at: signedAt, key: "", signature: "" };
    },
  };
  const signer = headSigner({ clock: { now: () => at.now }, keyring, database }, (head) =>
    emitted.push(head),
  );
  return { at, emitted, signer };
}

test("a clock that is set back holds up no head: within a second of its own time the next one is signed", async () => {
  const { at, emitted, signer } = aSigner();
  await signer.sign();
  at.seq = 6;
  at.now -= hour / 2;
  await signer.sign();
  at.now += 1_000;
  await signer.sign();
  expect(emitted.map(({ seq }) => seq)).toEqual([5, 6]);
  expect(signer.unsigned()).toEqual({ entries: 0, forMs: 0 });
});

test("how long heads have not been signed is told also after the clock was set back", async () => {
  const { at, signer } = aSigner();
  await signer.sign();
  at.seq = 7;
  at.now -= hour / 2;
  at.refuses = true;
  await expect(signer.sign()).resolves.toBeUndefined();
  at.now += 90_000;
  await expect(signer.sign()).rejects.toThrow("the disk is full");
  expect(signer.unsigned()).toEqual({ entries: 2, forMs: 90_000 });
});

test("and where none was signed yet", () => {
  const { at, signer } = aSigner();
  at.now -= hour / 2;
  expect(signer.unsigned()).toEqual({ entries: 5, forMs: 0 });
  at.now += 90_000;
  expect(signer.unsigned()).toEqual({ entries: 5, forMs: 90_000 });
});
