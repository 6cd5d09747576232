import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { tokensOf } from "./vault-login.ts";

const folder = mkdtempSync(join(tmpdir(), "coffer-login-"));
afterAll(() => rmSync(folder, { recursive: true }));
const signal = new AbortController().signal;

/** A role whose logins are counted; each gives another token. */
function role(leaseSeconds: number) {
  const secretIdFile = join(folder, "secret-id");
  writeFileSync(secretIdFile, "the-secret-id\n", { mode: 0o600 });
  const asked: object[] = [];
  const now = { ms: 0 };
  const login = { mount: "approle", roleId: "coffer", secretIdFile };
  const ask = async (path: string, body: object) => {
    asked.push({ path, ...body });
    return { token: `token-${asked.length}`, leaseSeconds };
  };
  return { tokens: tokensOf(login, ask, { now: () => now.ms }), asked, now };
}

test("a role logs in once, and again before its token ends", async () => {
  const { tokens, asked, now } = role(60);
  expect(await Promise.all([tokens.current(signal), tokens.current(signal)])).toEqual(["token-1", "token-1"]);
  expect(asked).toEqual([{ path: "auth/approle/login", role_id: "coffer", secret_id: "the-secret-id" }]);
  now.ms = 40_000;
  expect(await tokens.current(signal)).toBe("token-1");
  now.ms = 41_000;
  expect(await tokens.current(signal)).toBe("token-2");
});

test("a token without an end is kept until it is refused", async () => {
  const { tokens, now } = role(0);
  await tokens.current(signal);
  now.ms = 1e12;
  expect(await tokens.current(signal)).toBe("token-1");
  expect(await tokens.after("token-1", signal)).toBe("token-2");
  // Somebody else was refused with the old one meanwhile.
  expect(await tokens.after("token-1", signal)).toBe("token-2");
});

test("a file that still holds what was refused offers nothing else", async () => {
  const file = join(folder, "token");
  writeFileSync(file, "first", { mode: 0o600 });
  const tokens = tokensOf({ tokenFile: file }, () => Promise.reject(new Error("asked")), { now: () => 0 });
  expect(await tokens.current(signal)).toBe("first");
  expect(await tokens.after("first", signal)).toBe(null);
  writeFileSync(file, "second");
  expect(await tokens.current(signal)).toBe("first");
  expect(await tokens.after("first", signal)).toBe("second");
  await expect(
    tokensOf({ tokenFile: join(folder, "none") }, () => Promise.reject(), { now: () => 0 }).current(signal),
  ).rejects.toMatchObject({ failure: "denied" });
});
