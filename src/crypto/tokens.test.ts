import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  hashToken,
  mintInvitation,
  mintToken,
  parseInvitation,
  parseToken,
  sameHash,
  tokenKinds,
} from "./tokens.ts";

interface Case {
  readonly comment: string;
  readonly result: string;
  readonly text: string;
  readonly kind?: string;
  readonly id?: string;
  readonly hash?: string;
}

const file = new URL("../../test/vectors/tokens.json", import.meta.url);
const { cases }: { cases: Case[] } = JSON.parse(readFileSync(file, "utf8"));

describe("frozen tokens", () => {
  test.each(cases)("$result: $comment", (it) => {
    const parsed = parseToken(it.text);
    if (it.result === "token") {
      expect(parsed).toEqual({ kind: it.kind, id: it.id, hash: Buffer.from(it.hash ?? "", "hex") });
    } else {
      expect(parsed).toBeNull();
    }
  });
});

test("a minted token parses to its kind, id and hash", () => {
  fc.assert(
    fc.property(fc.constantFrom(...tokenKinds), fc.uuid({ version: 7 }), (kind, id) => {
      const { text, hash } = mintToken(kind, id);
      expect(parseToken(text)).toEqual({ kind, id, hash });
    }),
  );
});

test("an invitation has the form of a token, and neither passes for the other", () => {
  const id = "01930000-0000-7000-8000-000000000000";
  const { text, hash } = mintInvitation(id);
  expect(text).toMatch(/^coffer_invitation_01930000000070008000000000000000_[\w-]{43}$/);
  expect(parseInvitation(text)).toEqual({ id, hash });
  expect(parseToken(text)).toBeNull();
  for (const kind of tokenKinds) expect(parseInvitation(mintToken(kind, id).text)).toBeNull();
  expect(parseInvitation(`${text} `)).toBeNull();
});

test("no two tokens share their secret", () => {
  const id = "01930000-0000-7000-8000-000000000000";
  expect(new Set(Array.from({ length: 100 }, () => mintToken("job", id).text)).size).toBe(100);
});

test("one changed character is another hash or no token at all", () => {
  fc.assert(
    fc.property(
      fc.uuid({ version: 7 }),
      fc.nat(),
      fc.string({ minLength: 1, maxLength: 1 }),
      (id, at, unit) => {
        const { text, hash } = mintToken("machine", id);
        const place = at % text.length;
        fc.pre(text[place] !== unit);
        const parsed = parseToken(text.slice(0, place) + unit + text.slice(place + 1));
        expect(parsed !== null && sameHash(parsed.hash, hash)).toBe(false);
      },
    ),
  );
});

test("hashes of another length are not the same, and no error", () => {
  expect(sameHash(hashToken("a"), hashToken("a"))).toBe(true);
  expect(sameHash(hashToken("a"), hashToken("b"))).toBe(false);
  expect(sameHash(hashToken("a"), new Uint8Array(31))).toBe(false);
  expect(sameHash(hashToken("a"), new Uint8Array(0))).toBe(false);
});
