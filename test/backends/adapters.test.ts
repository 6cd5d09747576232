// What an adapter makes of a remote that fails: what is tried again and what is not, how long it takes, and
// how a failure is called. Between the adapter and a stand-in stands a proxy that fails as it is told.
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  GetSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { openBackend } from "../../src/backends/open.ts";
import { parseBackendSettings } from "../../src/backends/settings.ts";
import { type Backend, BackendError } from "../../src/core/backends/port.ts";
import { allOwned, failureOf, newId, newPlace, textBytes } from "./contract.ts";
import {
  answers,
  applyThenDrop,
  dropBefore,
  type Exchange,
  type FaultProxy,
  held,
  startFaultProxy,
  truncated,
} from "./fault-proxy.ts";
import { type Kv2Server, serveKv2 } from "./kv2-server.ts";
import { type SecretsManagerServer, serveSecretsManager } from "./secrets-manager.ts";
import { awsCredentials } from "./subjects.ts";

const clock = { now: () => Date.now() };
const folder = mkdtempSync(join(tmpdir(), "coffer-adapters-"));
const token = randomUUID();
const tokenFile = join(folder, "token");
const timeouts = { attemptTimeoutSeconds: 0.4, operationTimeoutSeconds: 1 };
/** Longer than any operation, and far from what a hanging test takes. */
const boundedMs = 3_000;

interface Remote {
  readonly kind: string;
  proxy: FaultProxy;
  entry(address: string): object;
  isWrite(exchange: Exchange): boolean;
  isRead(exchange: Exchange): boolean;
  /** As this vendor says it. */
  reply(status: number, text: string): ReturnType<typeof replyOf>;
}

let kv2: Kv2Server;
let manager: SecretsManagerServer;

const vault: Remote = {
  kind: "vault-kv2",
  proxy: {} as FaultProxy, // opened before the first test
  entry: (address) => ({ kind: "vault-kv2", address, token: { file: tokenFile }, ...timeouts }),
  isWrite: ({ method, path }) => method === "POST" && path.startsWith("/v1/secret/data/"),
  isRead: ({ path }) => /^\/v1\/secret\/data\/.*version=/.test(path),
  reply: (status, text) => replyOf(status, { errors: [text] }),
};
const awsNames: Readonly<Record<number, string>> = {
  403: "AccessDeniedException",
  429: "ThrottlingException",
  503: "ServiceUnavailableException",
};
const aws: Remote = {
  kind: "aws-secrets-manager",
  proxy: {} as FaultProxy, // opened before the first test
  entry: (endpoint) => ({ kind: "aws-secrets-manager", region: "eu-central-1", endpoint, ...timeouts }),
  isWrite: ({ headers }) => headers["x-amz-target"] === "secretsmanager.PutSecretValue",
  isRead: ({ headers }) => headers["x-amz-target"] === "secretsmanager.GetSecretValue",
  reply: (status, text) => replyOf(status, { __type: awsNames[status], Message: text }),
};

function replyOf(status: number, body: object) {
  const headers = { "content-type": "application/json", "x-amzn-requestid": "request-7" };
  return { status, headers, body: Buffer.from(JSON.stringify(body)) };
}

beforeAll(async () => {
  writeFileSync(tokenFile, `${token}\n`, { mode: 0o600 });
  for (const [name, value] of Object.entries(awsCredentials)) vi.stubEnv(name, value);
  kv2 = await serveKv2({ token });
  manager = await serveSecretsManager();
  vault.proxy = await startFaultProxy(kv2.url);
  aws.proxy = await startFaultProxy(manager.url);
});
afterEach(() => {
  vault.proxy.clear();
  aws.proxy.clear();
});
afterAll(async () => {
  await Promise.all([vault.proxy.close(), aws.proxy.close(), kv2.close(), manager.close()]);
  rmSync(folder, { recursive: true });
  vi.unstubAllEnvs();
});

function open(remote: Remote, more: object = {}, address = remote.proxy.url): Promise<Backend> {
  const settings = parseBackendSettings("remote", { ...remote.entry(address), ...more });
  return openBackend("remote", settings, { installationId: newId(), clock });
}

const aWrite = () => ({ place: newPlace(), writeId: newId(), bytes: textBytes("the value") });

describe.each([vault, aws])("$kind:", (remote) => {
  test("a write that was applied and not answered is ambiguous, sent once, and found by a probe", async () => {
    const backend = await open(remote);
    const write = aWrite();
    const planted = remote.proxy.plant(remote.isWrite, applyThenDrop);
    expect(await failureOf(backend.put(write))).toBe("ambiguous");
    expect(planted.count()).toBe(1);
    const made = await backend.probe(write.place, write.writeId);
    expect(Buffer.from(await backend.get(made ?? { ref: "", version: "" })).toString()).toBe("the value");
  });

  test.each([
    ["lost on its way", dropBefore],
    ["whose answer breaks off", truncated],
  ])("a write %s is ambiguous and sent once", async (_, fault) => {
    const backend = await open(remote);
    const write = aWrite();
    const planted = remote.proxy.plant(remote.isWrite, fault);
    expect(await failureOf(backend.put(write))).toBe("ambiguous");
    expect(planted.count()).toBe(1);
    const made = await backend.probe(write.place, write.writeId);
    expect(made === null).toBe(fault === dropBefore);
  });

  test("a write that takes too long is ambiguous after one attempt's time", async () => {
    const backend = await open(remote);
    const { fault, letGo } = held();
    const planted = remote.proxy.plant(remote.isWrite, fault);
    const startedAt = performance.now();
    expect(await failureOf(backend.put(aWrite()))).toBe("ambiguous");
    expect(performance.now() - startedAt).toBeLessThan(boundedMs);
    expect(planted.count()).toBe(1);
    await letGo();
  });

  test("a read that takes too long is tried again, and the whole has an end", async () => {
    const backend = await open(remote);
    const made = await backend.put(aWrite());
    const { fault, letGo } = held();
    const planted = remote.proxy.plant(remote.isRead, fault);
    const startedAt = performance.now();
    expect(await failureOf(backend.get(made))).toBe("unavailable");
    expect(performance.now() - startedAt).toBeLessThan(boundedMs);
    expect(planted.count()).toBeGreaterThan(1);
    remote.proxy.clear();
    await letGo();
    expect(Buffer.from(await backend.get(made)).toString()).toBe("the value");
  });

  test.each([
    [429, "throttled"],
    [503, "unavailable"],
  ] as const)(
    "what is answered %i was not done: it is tried again, and three times at most",
    async (status, failure) => {
      const backend = await open(remote);
      const reply = answers(remote.reply(status, "not now"));
      const twice = remote.proxy.plant(remote.isWrite, reply, 2);
      const { version } = await backend.put(aWrite());
      expect([version !== "", twice.count()]).toEqual([true, 2]);
      const always = remote.proxy.plant(remote.isWrite, reply);
      expect(await failureOf(backend.put(aWrite()))).toBe(failure);
      expect(always.count()).toBe(3);
    },
  );

  test("what a proxy in between answers to a write says nothing of whether it was done", async () => {
    const backend = await open(remote);
    const html = {
      status: 502,
      headers: { "content-type": "text/html" },
      body: Buffer.from("<p>Bad gateway</p>"),
    };
    const planted = remote.proxy.plant(remote.isWrite, answers(html));
    expect(await failureOf(backend.put(aWrite()))).toBe("ambiguous");
    expect(planted.count()).toBe(1);
  });

  test("a refusal is not tried again, and its text stays here", async () => {
    const backend = await open(remote);
    const planted = remote.proxy.plant(remote.isWrite, answers(remote.reply(403, "user bob may not")));
    const error = await backend.put(aWrite()).catch((it: unknown) => it);
    expect(error).toBeInstanceOf(BackendError);
    expect(error).toMatchObject({ failure: "denied", message: "backend: denied" });
    expect(JSON.stringify(error) + String(error) + (error as BackendError).cause).not.toContain("bob");
    expect(planted.count()).toBe(1);
  });

  test("one that is down is unavailable, and that is known soon", async () => {
    const gone = await startFaultProxy("http://127.0.0.1:9");
    await gone.close();
    const backend = await open(remote, {}, gone.url);
    const startedAt = performance.now();
    const asked = [backend.put(aWrite()), backend.get({ ref: "coffer/x", version: "1" }), backend.health()];
    expect(await Promise.all(asked.map(failureOf))).toEqual(asked.map(() => "unavailable"));
    expect(performance.now() - startedAt).toBeLessThan(boundedMs);
  });

  test("deletions whose answer is lost are ambiguous, and done when they are asked for again", async () => {
    const backend = await open(remote);
    const made = await backend.put(aWrite());
    remote.proxy.plant(() => true, applyThenDrop);
    expect(await failureOf(backend.deleteObject(made.ref))).toBe("ambiguous");
    remote.proxy.clear();
    await backend.deleteObject(made.ref);
    expect(await failureOf(backend.get(made))).toBe("not-found");
  });
});

describe("KV version 2:", () => {
  test("a write that arrives after a newer one is refused, and the newer stays the newest", async () => {
    const backend = await open(vault);
    const place = newPlace();
    await backend.put({ ...aWrite(), place });
    const { fault, letGo } = held();
    const planted = vault.proxy.plant(vault.isWrite, fault, 1);
    const late = { ...aWrite(), place };
    expect(await failureOf(backend.put(late))).toBe("ambiguous");
    expect(planted.count()).toBe(1);
    await backend.put({ ...aWrite(), place });
    await letGo();
    expect(await backend.probe(place, late.writeId)).toBe(null);
    expect((await allOwned(backend))[0]?.versions).toHaveLength(2);
  });

  test("a write that arrives after its secret was deleted is listed as ours, though nothing says so there", async () => {
    const backend = await open(vault);
    const write = aWrite();
    const { fault, letGo } = held();
    vault.proxy.plant(vault.isWrite, fault, 1);
    expect(await failureOf(backend.put(write))).toBe("ambiguous");
    await backend.deleteObject(backend.refOf(write.place));
    expect(await allOwned(backend)).toEqual([]);
    await letGo();
    const [orphan] = await allOwned(backend);
    expect(orphan).toMatchObject({ ref: backend.refOf(write.place), versions: [{ version: "1" }] });
  });

  test("an engine that is not there is not a secret that is not there", async () => {
    const backend = await open(vault, { mount: "elsewhere" });
    expect(await failureOf(backend.get({ ref: "coffer/x", version: "1" }))).toBe("invalid");
    expect(await failureOf(backend.deleteObject("coffer/x"))).toBe("invalid");
    expect(await failureOf(backend.health())).toBe("invalid");
  });

  test("version 1 of the engine is refused before anything is written there", async () => {
    const backend = await open(vault);
    const writes = vault.proxy.plant(vault.isWrite, applyThenDrop);
    const one = answers(replyOf(200, { data: { type: "kv", options: { version: "1" } } }));
    vault.proxy.plant(({ path }) => path.includes("/internal/ui/mounts/"), one);
    expect(await failureOf(backend.put(aWrite()))).toBe("invalid");
    expect(await failureOf(backend.health())).toBe("invalid");
    expect(writes.count()).toBe(0);
  });

  test("a token is given to no other address", async () => {
    const backend = await open(vault);
    const other = await startFaultProxy(kv2.url);
    const away = {
      status: 307,
      headers: { location: `${other.url}/v1/secret/data/x` },
      body: Buffer.alloc(0),
    };
    vault.proxy.plant(vault.isRead, answers(away));
    expect(await failureOf(backend.get({ ref: "coffer/x", version: "1" }))).toBe("unavailable");
    expect(other.count()).toBe(0);
    await other.close();
  });

  test("a token that is refused is read again from its file, once", async () => {
    const file = join(folder, "renewed");
    writeFileSync(file, "an-old-token", { mode: 0o600 });
    const backend = await open(vault, { token: { file } });
    expect(await failureOf(backend.put(aWrite()))).toBe("denied");
    writeFileSync(file, token);
    const made = await backend.put(aWrite());
    const before = vault.proxy.count();
    await backend.get(made);
    expect(vault.proxy.count() - before).toBe(1);
  });

  test.each(["", "two words", `${"x".repeat(9_000)}`, "line\nline", "ä"])("no token: %j", async (text) => {
    const file = join(folder, "bad");
    writeFileSync(file, text, { mode: 0o600 });
    const backend = await open(vault, { token: { file } });
    const before = vault.proxy.count();
    expect(await failureOf(backend.health())).toBe("denied");
    expect(vault.proxy.count()).toBe(before);
  });
});

describe("AWS Secrets Manager:", () => {
  test("a failure carries AWS' id of the request", async () => {
    const backend = await open(aws);
    aws.proxy.plant(aws.isWrite, answers(aws.reply(403, "no")));
    await expect(backend.put(aWrite())).rejects.toMatchObject({ vendorRequestId: "request-7" });
  });

  test("with a recovery window a deleted secret is not there, and its name is not used again", async () => {
    const backend = await open(aws, { recoveryWindowDays: 7 });
    const write = aWrite();
    const made = await backend.put(write);
    await backend.deleteObject(made.ref);
    await backend.deleteObject(made.ref);
    expect(await failureOf(backend.get(made))).toBe("not-found");
    expect(await backend.probe(write.place, write.writeId)).toBe(null);
    expect(await allOwned(backend)).toEqual([]);
    expect(await failureOf(backend.put({ ...write, writeId: newId() }))).toBe("pending-deletion");
  });

  test("a version that is destroyed has no label left, and the one before is AWS' current one", async () => {
    const backend = await open(aws, { payload: "native" });
    const place = newPlace();
    const kept = await backend.put({ ...aWrite(), place });
    const gone = await backend.put({ ...aWrite(), place });
    await backend.destroyVersion(gone);
    const [object] = await allOwned(backend);
    expect(object?.versions.map(({ version }) => version)).toEqual([kept.version]);
    expect(await backend.probe(place, gone.version)).toBe(null);
  });

  test("what is on its way out is not AWS' current one again", async () => {
    const backend = await open(aws, { payload: "native" });
    const place = newPlace();
    const write = () => backend.put({ ...aWrite(), place });
    const [kept, leaving, gone] = [await write(), await write(), await write()];
    const client = new SecretsManagerClient({ region: "eu-central-1", endpoint: manager.url });
    onTestFinished(() => client.destroy());
    // As a destruction that was cut short left it.
    const half = { VersionStage: `coffer-${leaving.version}`, RemoveFromVersionId: leaving.version };
    await client.send(new UpdateSecretVersionStageCommand({ SecretId: leaving.ref, ...half }));
    await backend.destroyVersion(gone);
    const { VersionId } = await client.send(new GetSecretValueCommand({ SecretId: kept.ref }));
    expect(VersionId).toBe(kept.version);
  });

  test("a token with another value is no second write of the same", async () => {
    const backend = await open(aws);
    const write = aWrite();
    await backend.put(write);
    expect(await failureOf(backend.put({ ...write, bytes: textBytes("another") }))).toBe("already-exists");
  });
});
