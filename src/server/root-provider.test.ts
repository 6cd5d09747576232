import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { loadConfig } from "./config.ts";
import { printableConfig } from "./config-shown.ts";

const kms = "kind=aws-kms,key=alias/coffer,region=eu-central-1";
const transit = "kind=vault-transit,address=https://bao:8200/,key=root,tokenFile=/t";
const pkcs11 = "kind=pkcs11,module=/m.so,tokenLabel=coffer,key=root,pinFile=/p";

function inFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "coffer-config-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "coffer.yaml"), text);
  return join(folder, "coffer.yaml");
}

const withProvider = (rootProvider: string, env = {}) => loadConfig({ rootProvider }, env).config;

describe("a root-key provider is configured", () => {
  test("in the file, in a variable, and by a flag, which wins", () => {
    const config = inFile(`
rootKey:
  provider: { kind: pkcs11, module: /m.so, tokenLabel: "coffer, one", key: "root=1", pinFile: /p }
  olderProvider: { kind: aws-kms, key: "arn:aws:kms:eu-west-1:111122223333:key/k" }
  record: /etc/coffer/root.record
`);
    const { rootProvider, olderRootProvider, rootRecord } = loadConfig({ config }, {}).config;
    expect(rootProvider).toEqual({
      settings: {
        kind: "pkcs11",
        module: "/m.so",
        tokenLabel: "coffer, one",
        tokenSerial: null,
        key: "root=1",
        algorithm: "aes-gcm",
      },
      credential: { file: "/p" },
    });
    expect(olderRootProvider).toEqual({
      settings: {
        kind: "aws-kms",
        key: "arn:aws:kms:eu-west-1:111122223333:key/k",
        region: "eu-west-1",
        endpoint: null,
      },
      credential: null,
    });
    expect(rootRecord).toBe("/etc/coffer/root.record");
    const env = { COFFER_ROOT_PROVIDER: transit };
    expect(loadConfig({ config }, env).config.rootProvider?.settings).toEqual({
      kind: "vault-transit",
      address: "https://bao:8200",
      mount: "transit",
      key: "root",
      namespace: null,
    });
    expect(loadConfig({ config, rootProvider: kms }, env).config.rootProvider?.settings.kind).toBe("aws-kms");
  });

  test("with its secret in a file or a variable, and that is not printed", () => {
    const env = { COFFER_ROOT_PROVIDER_SECRET: "98765432" };
    const config = withProvider(pkcs11.replace(",pinFile=/p", ""), env);
    expect(config.rootProvider?.credential).toEqual({ text: "98765432" });
    const shown = JSON.stringify(printableConfig(config));
    expect(shown).toContain('"credentialVariable":"COFFER_ROOT_PROVIDER_SECRET"');
    expect(shown).not.toContain("98765432");
    expect(JSON.stringify(printableConfig(withProvider(transit)))).toContain('"credentialFile":"/t"');
  });

  test.each([
    ["kind=paper", /kind must be one of aws-kms, vault-transit, pkcs11/],
    ["key=k", /kind must be one of/],
    ["nonsense", /--root-provider must be names with texts/],
    [`${kms},`, /must be names with texts/],
    [`${kms},key=other`, /must name each setting once/],
    [`${kms},regoin=x`, /"regoin" is no setting of aws-kms. Did you mean "region"\?/],
    [`${kms},pinFile=/p`, /"pinFile" is no setting of aws-kms/],
    ["kind=aws-kms,region=eu-central-1", /aws-kms needs "key"/],
    ["kind=aws-kms,key=alias/coffer", /region must be a region/],
    ["kind=aws-kms,key=two words,region=eu-central-1", /key must be the id, ARN or alias/],
    [`${kms},endpoint=ftp://kms`, /endpoint must be a URL/],
    [`${kms},endpoint=http://kms.example.org`, /endpoint must be https/],
    [transit.replace("https", "http"), /address must be https/],
    [transit.replace("https://", "https://user:hunter2@"), /with nothing secret in it/],
    [`${transit},mount=../sys`, /mount must be/],
    [transit.replace("key=root", "key=a/b"), /key must be the name of a key/],
    [transit.replace(",tokenFile=/t", ""), /vault-transit needs "tokenFile", or COFFER_ROOT_PROVIDER_SECRET/],
    [pkcs11.replace(",tokenLabel=coffer", ""), /needs "tokenLabel" or "tokenSerial"/],
    [pkcs11.replace("/m.so", "m.so"), /module must be an absolute path/],
    [`${pkcs11},algorithm=des`, /algorithm must be one of aes-gcm, aes-key-wrap-pad/],
    [pkcs11.replace(",pinFile=/p", ""), /pkcs11 needs "pinFile"/],
  ])("not as %s", (settings, message) => {
    expect(() => withProvider(settings)).toThrow(message);
    expect(() => withProvider(settings)).not.toThrow(/hunter2/);
  });

  test("on this very machine also without TLS", () => {
    for (const host of ["127.0.0.1", "localhost", "[::1]"]) {
      const settings = transit.replace("https://bao", `http://${host}`);
      expect(withProvider(settings).rootProvider?.settings).toMatchObject({ address: `http://${host}:8200` });
    }
  });

  test("and its secret is given once, where it is of use", () => {
    const env = { COFFER_ROOT_PROVIDER_SECRET: "s3cret" };
    expect(() => withProvider(pkcs11, env)).toThrow(/Give it once/);
    expect(() => withProvider(kms, env)).toThrow(/of no use with aws-kms/);
    expect(() => loadConfig({}, env)).toThrow(/of no use without rootKey.provider/);
  });
});
