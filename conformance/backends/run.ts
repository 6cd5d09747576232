// The adapters of value backends against real servers: the contract that any backend must keep, against
// OpenBao itself and against moto, and Coffer over each of them.
import { equal } from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  GetSecretValueCommand,
  ListSecretsCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { openBackend } from "../../src/backends/open.ts";
import { parseBackendSettings } from "../../src/backends/settings.ts";
import { contract, newId, newPlace, type Subject, textBytes } from "../../test/backends/contract.ts";
import { dropBefore, startFaultProxy } from "../../test/backends/fault-proxy.ts";
import { awsSubject, vaultSubject } from "../../test/backends/subjects.ts";
import { startMoto } from "../support/moto.ts";
import { type OpenBao, startOpenBao } from "../support/openbao.ts";
import { temporaryFolder } from "../support/processes.ts";
import { openSuite } from "../support/suite.ts";
import { cofferChecks, type Server } from "./coffer.ts";

const suite = openSuite();
await againstOpenBao();
await againstMoto();
suite.end();

async function againstOpenBao(): Promise<void> {
  const bao = await startOpenBao();
  const title = `OpenBao ${bao.version}`;
  const tokenFile = join(temporaryFolder(), "token");
  await bao.ask("PUT", "sys/policies/acl/coffer", { policy: guidePolicy() });
  const { auth } = await bao.ask("POST", "auth/token/create", { policies: ["coffer"] });
  writeFileSync(tokenFile, auth.client_token, { mode: 0o600 });
  await contractChecks(title, vaultSubject(bao.url, bao.token, tokenFile));
  await suite.check(`${title}: a role logs in, and again when its token is revoked`, () => roleChecks(bao));
  const keysBelow = async (path: string): Promise<readonly string[]> =>
    (await bao.ask("GET", `secret/metadata/${path}?list=true`)).data.keys;
  const server: Server = {
    title,
    entry: (payload) => ({ kind: "vault-kv2", address: bao.url, payload, token: { file: tokenFile } }),
    env: {},
    async find(secretId) {
      for (const folder of await keysBelow("coffer/")) {
        if (!(await keysBelow(`coffer/${folder}`)).includes(secretId)) continue;
        const where = `secret/data/coffer/${folder}${secretId}`;
        return { where, stored: JSON.stringify((await bao.ask("GET", where)).data.data) };
      }
      return null;
    },
    down: bao.seal,
    up: bao.unseal,
  };
  await cofferChecks(suite, server);
  await bao.stop();
}

async function againstMoto(): Promise<void> {
  const moto = await startMoto();
  const title = `moto ${moto.version}`;
  Object.assign(process.env, moto.credentials);
  await contractChecks(title, awsSubject(moto.url));
  const region = "eu-central-1";
  const proxy = await startFaultProxy(moto.url);
  const client = new SecretsManagerClient({ region, endpoint: moto.url });
  const server: Server = {
    title,
    entry: (payload) => ({ kind: "aws-secrets-manager", region, endpoint: proxy.url, payload }),
    env: moto.credentials,
    async find(secretId) {
      const tagged = { Filters: [{ Key: "tag-value" as const, Values: [secretId] }] };
      const { SecretList = [] } = await client.send(new ListSecretsCommand(tagged));
      const [{ Name: where } = {}] = SecretList;
      if (where === undefined) return null;
      const { SecretString, SecretBinary = [] } = await client.send(
        new GetSecretValueCommand({ SecretId: where }),
      );
      return { where, stored: SecretString ?? Buffer.from(SecretBinary).toString("base64") };
    },
    async down() {
      proxy.plant(() => true, dropBefore);
    },
    async up() {
      proxy.clear();
    },
  };
  await cofferChecks(suite, server);
  await proxy.close();
  await moto.stop();
}

/** What the guide tells people to allow, so that it is known to be enough. */
function guidePolicy(): string {
  const guide = readFileSync(join(import.meta.dirname, "../../docs/guide/backends.md"), "utf8");
  const [, policy = ""] = /^```hcl\n([\s\S]+?)^```$/m.exec(guide) ?? [];
  return policy;
}

async function roleChecks(bao: OpenBao): Promise<void> {
  await bao.ask("POST", "sys/auth/approle", { type: "approle" });
  await bao.ask("POST", "auth/approle/role/coffer", { token_policies: ["coffer"], token_ttl: "1h" });
  const { role_id: roleId } = (await bao.ask("GET", "auth/approle/role/coffer/role-id")).data;
  const { secret_id: secretId } = (await bao.ask("POST", "auth/approle/role/coffer/secret-id")).data;
  const file = join(temporaryFolder(), "secret-id");
  writeFileSync(file, secretId, { mode: 0o600 });
  const entry = { kind: "vault-kv2", address: bao.url, appRole: { roleId, secretId: { file } } };
  const options = { installationId: newId(), clock: { now: () => Date.now() } };
  const backend = await openBackend("bao", parseBackendSettings("bao", entry), options);
  await backend.health();
  await bao.ask("POST", "sys/leases/revoke-prefix/auth/approle/login");
  const made = await backend.put({ place: newPlace(), writeId: newId(), bytes: textBytes("by a role") });
  equal(Buffer.from(await backend.get(made)).toString(), "by a role");
}

async function contractChecks(server: string, subject: Subject): Promise<void> {
  for (const payload of ["sealed", "native"] as const) {
    for (const { name, run } of contract) {
      await suite.check(`${server}, ${payload}: ${name}`, () => run(subject, payload));
    }
  }
}
