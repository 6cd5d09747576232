import { describe, expect, test } from "vitest";
import { parseBackendSettings, writtenSettings } from "./settings.ts";

const vault = {
  kind: "vault-kv2",
  address: "https://vault.example.org:8200",
  token: { file: "./bao-token" },
};
const aws = { kind: "aws-secrets-manager", region: "eu-central-1" };
const patience = { attemptMs: 5_000, operationMs: 15_000 };

describe("an entry of backends", () => {
  test("needs little", () => {
    expect(parseBackendSettings("bao", vault)).toEqual({
      kind: "vault-kv2",
      payload: "sealed",
      patience,
      address: "https://vault.example.org:8200",
      mount: "secret",
      namespace: null,
      login: { tokenFile: "./bao-token" },
    });
    expect(parseBackendSettings("aws-main", aws)).toEqual({
      kind: "aws-secrets-manager",
      payload: "sealed",
      patience,
      region: "eu-central-1",
      endpoint: null,
      recoveryWindowDays: null,
    });
  });

  test("takes everything", () => {
    const role = { mount: "auth/roles", roleId: "coffer", secretId: { file: "/run/secret-id" } };
    const { token: _, ...rest } = vault;
    const more = { payload: "native", mount: "teams/kv", namespace: "a/b", attemptTimeoutSeconds: 0.5 };
    expect(
      parseBackendSettings("bao", { ...rest, ...more, operationTimeoutSeconds: 1, appRole: role }),
    ).toMatchObject({
      payload: "native",
      patience: { attemptMs: 500, operationMs: 1_000 },
      mount: "teams/kv",
      namespace: "a/b",
      login: { mount: "auth/roles", roleId: "coffer", secretIdFile: "/run/secret-id" },
    });
    const local = { ...aws, endpoint: "http://127.0.0.1:5000", recoveryWindowDays: 7 };
    expect(parseBackendSettings("moto", local)).toMatchObject({
      endpoint: "http://127.0.0.1:5000",
      recoveryWindowDays: 7,
    });
  });

  test("is shown as it may be written", () => {
    const role = { mount: "approle", roleId: "coffer", secretId: { file: "/run/secret-id" } };
    const { token: _, ...rest } = vault;
    const entries = [
      vault,
      { ...rest, namespace: "a", appRole: role },
      aws,
      { ...aws, recoveryWindowDays: 9 },
    ];
    for (const entry of entries) {
      const settings = parseBackendSettings("one", entry);
      expect(writtenSettings(settings)).toMatchObject(entry);
      expect(parseBackendSettings("one", writtenSettings(settings))).toEqual(settings);
    }
  });

  const wrong: [string, unknown, string][] = [
    ["bao", null, '"backends.bao" must hold keys and values'],
    ["bao", {}, '"backends.bao.kind" must be one of aws-secrets-manager, vault-kv2'],
    ["Bao", vault, '"backends.Bao" must be named by'],
    ["embedded", vault, '"backends.embedded" must be named by'],
    ["bao", { ...vault, adress: "x" }, '"backends.bao.adress" is not a key there; the nearest is "address"'],
    ["bao", { ...vault, region: "x" }, '"backends.bao.region" is not a key there;'],
    ["aws", { ...aws, mount: "x" }, '"backends.aws.mount" is not a key there;'],
    ["bao", { ...vault, payload: "open" }, '"backends.bao.payload" must be one of sealed, native'],
    ["bao", { ...vault, token: undefined }, '"backends.bao" must have either token'],
    ["bao", { ...vault, appRole: {} }, '"backends.bao" must have either token'],
    ["bao", { ...vault, token: "hvs.secret" }, '"backends.bao.token" must hold keys and values'],
    ["bao", { ...vault, token: { flie: "x" } }, '"backends.bao.token.flie" is not a key there;'],
    ["bao", { ...vault, token: { file: "" } }, '"backends.bao.token.file" must be a path'],
    ["bao", { ...vault, address: "vault:8200" }, '"backends.bao.address" must be a URL'],
    ["bao", { ...vault, address: "https://h/v1" }, '"backends.bao.address" must be a URL'],
    ["bao", { ...vault, address: "https://u:p@h" }, '"backends.bao.address" must be a URL'],
    ["bao", { ...vault, address: "http://10.0.0.1:8200" }, "must begin with https://"],
    ["bao", { ...vault, address: "http://127.0.0.1.example.org" }, "must begin with https://"],
    ["bao", { ...vault, mount: "/secret" }, '"backends.bao.mount" must be a path'],
    ["bao", { ...vault, mount: "a/../b" }, '"backends.bao.mount" must be a path'],
    ["bao", { ...vault, mount: "a?b" }, '"backends.bao.mount" must be a path'],
    ["bao", { ...vault, namespace: "" }, '"backends.bao.namespace" must be a path'],
    ["bao", { ...vault, attemptTimeoutSeconds: 0 }, "must be a number from 0.05 to 60"],
    ["bao", { ...vault, attemptTimeoutSeconds: "5" }, "must be a number from 0.05 to 60"],
    ["bao", { ...vault, operationTimeoutSeconds: 4 }, "must not be shorter than one attempt"],
    ["aws", { kind: aws.kind }, '"backends.aws.region" must be a region'],
    ["aws", { ...aws, region: "EU" }, '"backends.aws.region" must be a region'],
    ["aws", { ...aws, recoveryWindowDays: 6 }, "must be a number from 7 to 30"],
    ["aws", { ...aws, recoveryWindowDays: 7.5 }, "must be a whole number of days"],
  ];
  test.each(wrong)("%s: %j is refused", (name, entry, message) => {
    expect(() => parseBackendSettings(name, entry)).toThrow(message);
  });

  test("what is wrong with a secret does not repeat it", () => {
    const entry = { ...vault, token: "hvs.secret" };
    expect(() => parseBackendSettings("bao", entry)).toThrow(expect.not.stringContaining("hvs"));
  });
});
