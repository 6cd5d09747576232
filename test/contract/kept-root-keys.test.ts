// Root keys that a provider keeps, by the server as it is configured: the first start, a provider that is
// away, a rotation, and from each provider to the next while the server runs. The key services are
// stand-ins; the token is SoftHSM.
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { loadConfig } from "../../src/server/config.ts";
import { newRootKeyFile, withoutRootKey } from "../../src/server/keys.ts";
import { serverLog } from "../../src/server/log.ts";
import { recordAfter, recordRefreshed } from "../../src/server/provider-keys.ts";
import { type Running, start } from "../../src/server/serve.ts";
import { untilOpen } from "../../src/server/until-open.ts";
import { refusal, text } from "../support/coffers.ts";
import { type KeyService, openKms, openTransit } from "../support/key-services.ts";
import { sharedPostgres, stopSharedPostgres } from "../support/postgres.ts";
import { have } from "../support/requirements.ts";
import { clientOf, startCoffer, type TestCoffer } from "../support/server.ts";
import { makeToken, type Token } from "../support/softhsm.ts";

const home = { slug: "default" };
const vaultToken = "hvs.a-token-of-the-test";

let kms: KeyService;
let transit: KeyService & { rotate(): void };
let token: Token | null = null;
beforeAll(async () => {
  process.env.AWS_ACCESS_KEY_ID = "test";
  process.env.AWS_SECRET_ACCESS_KEY = "test";
  kms = await openKms("one");
  transit = await openTransit("root", vaultToken);
  if (!have("softhsm")) return;
  token = makeToken();
  Object.assign(process.env, token.env);
});
afterAll(async () => {
  await kms.close();
  await transit.close();
  token?.remove();
  await stopSharedPostgres();
});

let folder: string;
let running: TestCoffer | null = null;
/** Ended before their folder goes. */
const others: Pick<Running, "stop">[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "coffer-kept-"));
});
afterEach(async () => {
  await running?.stop();
  running = null;
  for (const other of others.splice(0)) await other.stop();
  await rm(folder, { recursive: true });
});

const path = (name: string) => join(folder, name);

function put(name: string, content: string): string {
  writeFileSync(path("next"), content, { mode: 0o600 });
  renameSync(path("next"), path(name));
  return path(name);
}

type Env = Readonly<Record<string, string>>;

/** What an operator says of each; a token and a PIN lie in files. */
const providers = {
  "aws-kms": () => `kind=aws-kms,key=one,region=eu-central-1,endpoint=${kms.url}`,
  "vault-transit": () =>
    `kind=vault-transit,address=${transit.url},key=root,tokenFile=${put("vault-token", `${vaultToken}\n`)}`,
  pkcs11: () =>
    `kind=pkcs11,module=${token?.module},tokenLabel=${token?.label},key=${token?.key},` +
    `pinFile=${put("pin", `${token?.pin}\n`)}`,
} as const;
type Kind = keyof typeof providers;
/** As each names it itself. */
const keyOf = { "aws-kms": "key/one", "vault-transit": "transit/root", pkcs11: "/root" } as const;
const kinds: readonly Kind[] = have("softhsm")
  ? ["aws-kms", "vault-transit", "pkcs11"]
  : ["aws-kms", "vault-transit"];

const configOf = (env: Env) => loadConfig({ data: folder }, env).config;

let database: string | undefined;
async function started(env: Env): Promise<TestCoffer> {
  await running?.stop();
  running = await startCoffer({ env, data: folder, ...(database === undefined ? {} : { database }) });
  return running;
}

/** As an operator types it. */
async function rotateRoot({ node, owner }: TestCoffer): Promise<string> {
  const { roots, installation } = node.operations.keys;
  await roots.rotate(owner);
  while (!(await roots.rewrap(owner)).ended);
  const { rootKeys } = await installation.status(owner);
  const older = rootKeys.find(({ state }) => state === "leaving")?.id ?? "";
  await roots.retire(owner, older);
  await roots.destroy(owner, older);
  return older;
}

const keep = ({ node, owner }: TestCoffer, name = "S") =>
  node.operations.secrets.create(owner, home, home, { name, value: text("kept") });

async function expectKept({ node, owner }: TestCoffer): Promise<void> {
  const { value } = await node.operations.secrets.reveal(owner, home, home, { name: "S" });
  expect(value?.reveal()).toBe("kept");
}

/** It may be sealed. */
async function startedAnyhow(env: Env, listen = "127.0.0.1:0"): Promise<Running> {
  await running?.stop();
  const flags = { data: folder, listen, logLevel: "silent", ...(database === undefined ? {} : { database }) };
  const { config } = loadConfig(flags, env);
  const server = await start(config, serverLog("silent"), { announce: () => {} });
  others.push(server);
  return server;
}

const engines = [
  { name: "SQLite", database: async () => undefined },
  ...(have("postgresql")
    ? [{ name: "PostgreSQL", database: async () => (await sharedPostgres()).database() }]
    : []),
];

describe.each(engines)("on $name, a root key that", (engine) => {
  beforeEach(async () => {
    database = await engine.database();
  });

  test.each(kinds)("%s keeps is there after a restart, and gives way to the next one", async (kind) => {
    const env = { COFFER_ROOT_PROVIDER: providers[kind]() };
    await keep(await started(env));
    expect(existsSync(path("root.key"))).toBe(false);
    expect(statSync(path("root.record")).mode & 0o777).toBe(0o600);
    await expectKept(await started(env));

    const coffer = await started(env);
    const { keepers } = await coffer.node.operations.keys.installation.status(coffer.owner);
    expect([...keepers.values()]).toEqual([{ provider: kind, keyId: expect.stringContaining(keyOf[kind]) }]);
    expect((await refusal(rotateRoot(coffer))).code).toBe("key.in_use");
    put("root.record", await recordAfter(configOf(env), path("root.record")));
    const older = await rotateRoot(coffer);
    await expectKept(coffer);
    put("root.record", await withoutRootKey(path("root.record"), older));
    await expectKept(await started(env));
  });

  test("a provider keeps is needed for a start alone", async () => {
    const env = { COFFER_ROOT_PROVIDER: providers["vault-transit"]() };
    const coffer = await started(env);
    await keep(coffer);
    const { owner, node } = coffer;
    await transit.leave();
    try {
      await expectKept(coffer);
      await node.operations.organizations.create(owner, { slug: "more", name: "More" });
      const more = { slug: "more" };
      await node.operations.secrets.create(owner, more, home, { name: "T", value: text("t") });
      // The keys are read again, and none is new.
      await node.announce();
      expect(node.lacks).toBeNull();
      expect((await refusal(rotateRoot(coffer))).code).toBe("key.in_use");

      const { waitsFor, node: none, url } = await startedAnyhow(env);
      expect(none).toBeNull();
      const expects = /rk_\w{16}/.exec(readFileSync(path("root.record"), "utf8"))?.[0];
      expect(waitsFor).toBe(expects);
      const ready = await clientOf(url, null).get("/readyz");
      expect([ready.status, ready.body.expects]).toEqual([503, expects]);
      expect((await clientOf(url, coffer.token).get("/v1/whoami")).status).toBe(503);
    } finally {
      await transit.back();
    }
  });
});

// Some twenty starts of a server.
describe("a root key", { timeout: 90_000 }, () => {
  beforeEach(() => {
    database = undefined;
  });

  test("moves from a file through every provider and back to a file, and values are read all the way", async () => {
    await keep(await started({}));
    let older: string | null = null;
    for (const kind of kinds) {
      const provider = providers[kind]();
      const env: Env = {
        COFFER_ROOT_PROVIDER: provider,
        ...(older === null ? {} : { COFFER_ROOT_OLDER_PROVIDER: older }),
      };
      put("root.record", await recordAfter(configOf(env), older === null ? null : path("root.record")));
      const id = await rotateRoot(await started(env));
      if (older === null) rmSync(path("root.key"));
      else put("root.record", await withoutRootKey(path("root.record"), id));
      // The older one is of no use any more.
      await expectKept(await started({ COFFER_ROOT_PROVIDER: provider }));
      older = provider;
    }
    put("root.key", newRootKeyFile());
    await rotateRoot(await started({ COFFER_ROOT_OLDER_PROVIDER: older ?? "" }));
    rmSync(path("root.record"));
    await expectKept(await started({}));
  });

  test("in a record that was refreshed is the same one", async () => {
    const env = { COFFER_ROOT_PROVIDER: providers["vault-transit"]() };
    await keep(await started(env));
    transit.rotate();
    const before = readFileSync(path("root.record"), "utf8");
    put("root.record", await recordRefreshed(configOf(env), path("root.record")));
    expect(readFileSync(path("root.record"), "utf8")).not.toBe(before);
    await expectKept(await started(env));
  });

  test("whose record is gone or changed leaves the server sealed, and it does not wait", async () => {
    const env = { COFFER_ROOT_PROVIDER: providers["aws-kms"]() };
    await keep(await started(env));
    await running?.stop();
    const record = readFileSync(path("root.record"), "utf8");
    const database = readFileSync(path("coffer.db"));
    for (const content of [null, record.replace(" active", ""), `${record.slice(0, -20)}\n`]) {
      if (content === null) rmSync(path("root.record"));
      else put("root.record", content);
      const server = await startedAnyhow(env);
      expect([server.node, server.waitsFor]).toEqual([null, null]);
      await others.pop()?.stop();
    }
    expect(readFileSync(path("coffer.db")).equals(database)).toBe(true);
    put("root.record", record);
    await expectKept(await started(env));
  });

  test("is never made anew beside an existing database", async () => {
    await keep(await started({}));
    const server = await startedAnyhow({ COFFER_ROOT_PROVIDER: providers["aws-kms"]() });
    expect([server.node, server.waitsFor, existsSync(path("root.record"))]).toEqual([null, null, false]);
  });
});

describe("a server that waits for its provider", () => {
  beforeEach(() => {
    database = undefined;
  });
  const lines: string[] = [];
  const log = {
    info: () => {},
    warn: (_: object, message: string) => void lines.push(message),
    error: (_: object, message: string) => void lines.push(message),
  };

  async function waiting(env: Env) {
    const { config } = loadConfig({ data: folder, listen: "127.0.0.1:0", logLevel: "silent" }, env);
    const quiet = { announce: () => {} };
    const waited = await untilOpen(config, log, (again) => start(again, serverLog("silent"), quiet));
    others.push(waited);
    return waited;
  }

  test("opens by itself, at the same address, once there is an answer", async () => {
    const env = { COFFER_ROOT_PROVIDER: providers["vault-transit"]() };
    const coffer = await started(env);
    await keep(coffer);
    const { token: owner } = coffer;
    await coffer.stop();
    await transit.leave();
    const waited = await waiting(env);
    const { url } = waited.running;
    expect((await clientOf(url, null).get("/readyz")).status).toBe(503);
    await transit.back();
    await expect.poll(() => waited.running.node, { timeout: 20_000 }).not.toBeNull();
    expect(waited.running.url).toBe(url);
    const value = "/v1/organizations/default/stores/default/secrets/S/value";
    expect((await clientOf(url, owner).get(value)).body).toMatchObject({ value: "kept" });
  });

  test("gives up when the provider refuses", async () => {
    const env = { COFFER_ROOT_PROVIDER: providers["vault-transit"]() };
    await keep(await started(env));
    await running?.stop();
    await transit.leave();
    const waited = await waiting(env);
    put("vault-token", "hvs.another\n");
    await transit.back();
    await expect
      .poll(() => lines, { timeout: 20_000 })
      .toContain("the provider of the root key is not asked any more");
    expect(waited.running.node).toBeNull();
  });

  test.runIf(have("softhsm"))(
    "never shows a token a wrong PIN twice, and waits for no one then",
    async () => {
      const env = { COFFER_ROOT_PROVIDER: providers.pkcs11() };
      await keep(await started(env));
      await running?.stop();
      put("pin", "11111111\n");
      const logins = token?.calls("C_Login") ?? 0;
      const { running: server } = await waiting(env);
      expect([server.node, server.waitsFor]).toEqual([null, null]);
      expect(token?.calls("C_Login")).toBe(logins + 1);
      put("pin", `${token?.pin}\n`);
      await others.pop()?.stop();
      await expectKept(await started(env));
    },
  );
});
