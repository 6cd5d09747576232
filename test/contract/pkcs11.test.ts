// Root keys that a PKCS #11 token keeps, against SoftHSM: every call that reaches it is counted. What only
// broken hardware does is put between by hand, around the same token.
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findPkcs11js } from "../../conformance/root-keys/find-pkcs11.ts";
import { type Cryptoki, ckr } from "../../src/crypto/roots/pkcs11/cryptoki.ts";
import { openPkcs11 } from "../../src/crypto/roots/pkcs11/provider.ts";
import { onToken, type Task } from "../../src/crypto/roots/pkcs11/token.ts";
import { isUnavailable, type Pkcs11Settings, pkcs11Algorithms } from "../../src/crypto/roots/provider.ts";
import { newRootRecord, openLine, parseRootRecord } from "../../src/crypto/roots/record.ts";
import { have } from "../support/requirements.ts";
import { makeToken, type Token } from "../support/softhsm.ts";

describe.runIf(have("softhsm"))("a PKCS #11 token", () => {
  let token: Token;
  beforeAll(() => {
    token = makeToken();
    Object.assign(process.env, token.env);
  });
  afterAll(() => token.remove());

  const providerOf = (more: Partial<Pkcs11Settings> = {}, pin = token.pin) =>
    openPkcs11(
      {
        kind: "pkcs11",
        module: token.module,
        tokenLabel: token.label,
        tokenSerial: null,
        key: token.key,
        algorithm: "aes-gcm",
        ...more,
      },
      async () => pin,
    );
  const refusal = async (work: Promise<unknown>): Promise<Error> => {
    const error = await work.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof Error)) throw new Error("it was not refused");
    return error;
  };
  const lineOf = async (provider: ReturnType<typeof providerOf>) => {
    const { text, key } = await newRootRecord(provider);
    const [line] = parseRootRecord(text);
    if (line === undefined) throw new Error("no line");
    return { line, key };
  };

  test.each(pkcs11Algorithms)("keeps a root key by %s", async (algorithm) => {
    const provider = providerOf({ algorithm });
    const { line, key } = await lineOf(provider);
    expect(line).toMatchObject({ provider: "pkcs11", algorithm, keyId: `${token.serial}/root` });
    expect((await openLine([provider], line)).key.equals(key.key)).toBe(true);
    // Whatever new keys are wrapped by: a line says how it was.
    const [other] = pkcs11Algorithms.filter((one) => one !== algorithm);
    expect((await openLine([providerOf({ algorithm: other ?? algorithm })], line)).id).toBe(key.id);
    for (const at of [0, 20, line.blob.length - 1]) {
      const blob = Buffer.from(line.blob);
      blob[at] = (blob[at] ?? 0) ^ 1;
      expect((await refusal(openLine([provider], { ...line, blob }))).message).toMatch(/does not open/);
    }
    // Of the provider itself: the id of what comes out would tell it too.
    const elsewhere = { provider: "pkcs11", rootKeyId: "rk_0123456789abcdef" } as const;
    expect((await refusal(provider.unwrap(line, elsewhere))).message).toMatch(/does not open/);
    const short = { ...line, blob: line.blob.subarray(0, 20) };
    expect((await refusal(openLine([provider], short))).message).toMatch(/does not open/);
  });

  test("is found by its label or its serial number, and must be the only one", async () => {
    await lineOf(providerOf({ tokenLabel: null, tokenSerial: token.serial }));
    await lineOf(providerOf({ tokenSerial: token.serial }));
    const logins = token.calls("C_Login");
    for (const place of [{ tokenLabel: "coffer" }, { tokenSerial: "0000000000000000" }]) {
      const error = await refusal(lineOf(providerOf(place)));
      expect(error.message).toMatch(/does not answer \(there is no such token/);
      expect(isUnavailable(error)).toBe(true);
    }
    expect(token.calls("C_Login")).toBe(logins);
  });

  test("has one key of that name, which cannot be read", async () => {
    token.makeKey("twice");
    token.makeKey("twice");
    token.makeKey("short", "--key-type", "AES:16");
    expect((await refusal(lineOf(providerOf({ key: "none" })))).message).toMatch(/no such key/);
    expect((await refusal(lineOf(providerOf({ key: "twice" })))).message).toMatch(/or more than one/);
    expect((await refusal(lineOf(providerOf({ key: "short" })))).message).toMatch(/must be an AES key/);
  });

  test("is shown a wrong PIN once, however often it is asked", async () => {
    const logins = token.calls("C_Login");
    const mistaken = providerOf({}, "11111111");
    for (let times = 0; times < 20; times += 1) {
      const error = await refusal(lineOf(mistaken));
      expect(error.message).toMatch(/refuses the credential .*not tried again/);
      expect(error.message).not.toContain("11111111");
      expect(isUnavailable(error)).toBe(false);
    }
    expect(token.calls("C_Login")).toBe(logins + 1);
    await lineOf(providerOf());
  });

  test("serves processes at once", async () => {
    const providers = Array.from({ length: 4 }, () => providerOf());
    const { line, key } = await lineOf(providerOf());
    // While one process logs in, SoftHSM may hide the token from another that begins: as a server does, ask again.
    const patient = async (provider: ReturnType<typeof providerOf>, times = 5): Promise<{ id: string }> => {
      try {
        return await openLine([provider], line);
      } catch (error) {
        if (times === 0 || !isUnavailable(error)) throw error;
        return patient(provider, times - 1);
      }
    };
    const keys = await Promise.all(providers.map((provider) => patient(provider)));
    expect(keys.every(({ id }) => id === key.id)).toBe(true);
  });

  test("whose module is not there, or is none, is told so", async () => {
    for (const module of ["/nowhere/module.so", "/usr/lib/os-release"]) {
      expect((await refusal(lineOf(providerOf({ module })))).message).toMatch(/the module cannot be loaded/);
    }
  });

  test("without the package names it", async () => {
    process.env.NODE_PATH = "/nowhere";
    try {
      expect((await refusal(lineOf(providerOf()))).message).toMatch(/npm install "pkcs11js@\^2\.1\.0"/);
    } finally {
      process.env.NODE_PATH = token.env.NODE_PATH;
    }
  });

  describe("that loses its sessions", () => {
    const task: Task = {
      work: "wrap",
      algorithm: "aes-gcm",
      plain: Buffer.alloc(32, 1),
      context: Buffer.from("context"),
    };
    let cryptoki: Cryptoki;
    beforeAll(() => {
      const require = createRequire(join(findPkcs11js() ?? "", "here.js"));
      cryptoki = new (require("pkcs11js") as { PKCS11: new () => Cryptoki }).PKCS11();
      cryptoki.load(token.module);
    });

    /** The token itself, but for one function. */
    const changed = (changes: Partial<Cryptoki>): Cryptoki =>
      new Proxy(cryptoki, {
        get(target, name: keyof Cryptoki) {
          const own = changes[name] ?? target[name];
          return typeof own === "function" ? own.bind(target) : own;
        },
      });
    const failing = (code: number) => Object.assign(new Error("CKR"), { code });
    const ask = (changes: Partial<Cryptoki>) => {
      const told: string[] = [];
      const { tokenLabel, key } = { tokenLabel: token.label, key: token.key };
      const opening = {
        place: { tokenLabel, tokenSerial: null, key },
        pin: token.pin,
        tell: (moment: string) => void told.push(moment),
      };
      const before = token.calls("C_Login");
      let outcome: unknown;
      try {
        outcome = onToken(changed(changes), opening, task).bytes.length;
      } catch (error) {
        outcome = error;
      }
      return { outcome, logins: token.calls("C_Login") - before, told };
    };

    test.each([
      ckr.sessionHandleInvalid,
      ckr.objectHandleInvalid,
      ckr.deviceRemoved,
      ckr.userNotLoggedIn,
      ckr.tokenNotPresent,
    ])("once (error %i) is opened anew", (code) => {
      let times = 0;
      const C_EncryptInit: Cryptoki["C_EncryptInit"] = (...args) => {
        times += 1;
        if (times === 1) throw failing(code);
        cryptoki.C_EncryptInit(...args);
      };
      expect(ask({ C_EncryptInit })).toMatchObject({ outcome: 60, logins: 2 });
    });

    test("again and again is given up after the second time", () => {
      const C_EncryptInit = () => {
        throw failing(ckr.sessionHandleInvalid);
      };
      const { outcome, logins } = ask({ C_EncryptInit });
      expect(outcome).toMatchObject({ trouble: "device", code: ckr.sessionHandleInvalid });
      expect(logins).toBe(2);
    });

    test("for another reason is not asked again", () => {
      const C_EncryptInit = () => {
        throw failing(ckr.generalError);
      };
      expect(ask({ C_EncryptInit })).toMatchObject({ outcome: { trouble: "device" }, logins: 1 });
    });

    test("while it is shown the PIN is not shown it again", () => {
      let times = 0;
      const C_Login = () => {
        times += 1;
        throw failing(ckr.deviceRemoved);
      };
      const { outcome, told } = ask({ C_Login });
      expect(outcome).toMatchObject({ trouble: "pin", code: ckr.deviceRemoved });
      expect([times, told]).toEqual([1, ["shown"]]);
    });

    test("but not the login: that it is logged in already is as good", () => {
      const C_Login: Cryptoki["C_Login"] = (...args) => {
        cryptoki.C_Login(...args);
        cryptoki.C_Login(...args);
      };
      expect(ask({ C_Login })).toMatchObject({ outcome: 60, logins: 2, told: ["shown", "taken"] });
    });
  });
});
