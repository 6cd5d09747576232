import { createSecretKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openInternalKey, sealInternalKey, unwrapKey, wrapKey } from "./wrapping.ts";

interface WrappedCase {
  readonly kind: "wrapped-key";
  readonly root: string;
  readonly organization: string | null;
  readonly term: number;
  readonly wrapped: string;
}

interface InternalCase {
  readonly kind: "internal-key";
  readonly key: string;
  readonly purpose: "audit-signing" | "fingerprint";
  readonly id: string;
  readonly sealed: string;
}

type Case = (WrappedCase | InternalCase) & {
  readonly comment: string;
  readonly result: string;
  readonly installation: string;
  readonly opened?: string;
  readonly nonce?: string;
};

const file = new URL("../../test/vectors/wrapping.json", import.meta.url);
const { cases }: { cases: Case[] } = JSON.parse(readFileSync(file, "utf8"));
const hex = (text: string) => Buffer.from(text, "hex");

function opened(it: Case): string {
  if (it.kind === "wrapped-key") {
    const record = {
      id: "the-key",
      organizationId: it.organization,
      term: it.term,
      wrapped: hex(it.wrapped),
    };
    return unwrapKey(createSecretKey(hex(it.root)), it.installation, record)
      .export()
      .toString("hex");
  }
  const record = { id: it.id, purpose: it.purpose, sealed: hex(it.sealed) };
  return openInternalKey(createSecretKey(hex(it.key)), it.installation, record).toString("hex");
}

function made(it: Case): string {
  const key = hex(it.opened ?? "");
  const nonce = hex(it.nonce ?? "");
  if (it.kind === "wrapped-key") {
    const place = { organizationId: it.organization, term: it.term };
    return wrapKey(createSecretKey(hex(it.root)), it.installation, place, key, nonce).toString("hex");
  }
  return sealInternalKey(createSecretKey(hex(it.key)), it.installation, it, key, nonce).toString("hex");
}

describe("frozen keys under keys", () => {
  test.each(cases)("$kind $result: $comment", (it) => {
    if (it.result === "opens") {
      expect(opened(it)).toBe(it.opened);
      expect(made(it)).toBe(it.kind === "wrapped-key" ? it.wrapped : it.sealed);
    } else {
      const name = it.kind === "wrapped-key" ? "the-key" : it.id;
      expect(() => opened(it)).toThrow(
        expect.objectContaining({ code: "value.integrity", message: expect.stringContaining(name) }),
      );
    }
  });
});
