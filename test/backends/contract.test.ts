// The contract of backends, kept by each adapter against a stand-in that implements the vendor's rules. That
// the stand-ins agree with the vendors is for `npm run conformance -- backends` to show.
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test, vi } from "vitest";
import { contract, type Subject } from "./contract.ts";
import { type Kv2Server, serveKv2 } from "./kv2-server.ts";
import { type SecretsManagerServer, serveSecretsManager } from "./secrets-manager.ts";
import { awsCredentials, awsSubject, vaultSubject } from "./subjects.ts";

const folder = mkdtempSync(join(tmpdir(), "coffer-contract-"));
const token = randomUUID();
const tokenFile = join(folder, "token");
writeFileSync(tokenFile, token, { mode: 0o600 });
afterAll(() => rmSync(folder, { recursive: true }));

let kv2: Kv2Server;
let manager: SecretsManagerServer;
let vault: Subject;
let aws: Subject;
beforeAll(async () => {
  kv2 = await serveKv2({ token });
  vault = vaultSubject(kv2.url, token, tokenFile);
  for (const [name, value] of Object.entries(awsCredentials)) vi.stubEnv(name, value);
  manager = await serveSecretsManager();
  aws = awsSubject(manager.url);
});
afterAll(async () => {
  await kv2.close();
  await manager.close();
  vi.unstubAllEnvs();
});

describe.each(["sealed", "native"] as const)("KV version 2, %s:", (payload) => {
  test.each(contract)("$name", ({ run }) => run(vault, payload));
});

describe.each(["sealed", "native"] as const)("AWS Secrets Manager, %s:", (payload) => {
  test.each(contract)("$name", ({ run }) => run(aws, payload));
});
