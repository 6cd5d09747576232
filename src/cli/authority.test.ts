import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { selfSigned } from "../../test/support/certificate.ts";
import { authorityOf, parseAuthority } from "./authority.ts";
import { exitCodes } from "./exit-codes.ts";
import { trustFor } from "./session.ts";

const folder = await mkdtemp(join(tmpdir(), "coffer-authority-"));
afterAll(() => rm(folder, { recursive: true }));

const [one, other] = [selfSigned(["127.0.0.1"]), selfSigned(["127.0.0.1"])];
const pem = (text: string) => `${text.trim()}\n`;
const [first, second] = [join(folder, "first.pem"), join(folder, "second.pem")];
await writeFile(first, one.certificate);
await writeFile(second, other.certificate);

describe("the certificate authority to trust", () => {
  test("an option wins over the environment, that over the kept login", async () => {
    const env = { COFFER_CA: second };
    expect(await authorityOf({ ca: first }, env, "kept")).toBe(pem(one.certificate));
    expect(await authorityOf({}, env, "kept")).toBe(pem(other.certificate));
    expect(await authorityOf({}, { COFFER_CA: "" }, "kept")).toBe("kept");
    expect(await authorityOf({}, {}, null)).toBeNull();
  });

  test("a kept one vouches for the server it was kept for, and for no other", async () => {
    const kept = { url: "https://a.example.org", token: "t", organization: null, store: null, ca: "kept" };
    expect(await trustFor(new URL("https://b.example.org"), {}, {}, kept)).toBeNull();
    expect(await trustFor(new URL("https://a.example.org:8200"), {}, {}, kept)).toBeNull();
  });

  test("is certificates alone: a key beside them stays where it was", () => {
    const both = `${one.key}\nsubject=CN = x\n${one.certificate}${other.certificate}`;
    expect(parseAuthority(both, "both.pem")).toBe(pem(one.certificate) + pem(other.certificate));
  });

  test.each(["", one.key, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"])(
    "what holds none, or a broken one, is a mistake (%#)",
    (source) => {
      expect(() => parseAuthority(source, "x.pem")).toThrow(
        expect.objectContaining({ exitCode: exitCodes.usage, message: "x.pem is no certificate in PEM" }),
      );
    },
  );
});
