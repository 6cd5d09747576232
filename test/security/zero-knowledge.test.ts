// An organization whose clients hold its key: neither what goes over the wire nor what lies in the server's
// memory or in its files has a name, a value or the key, in whatever writing.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, readSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  errorBody,
  formOf,
  logIn,
  open,
  parse,
  type Speaker,
  speaker,
  tokenKeyOf,
} from "../dialects/bitwarden/support.ts";
import { clientOf } from "../support/server.ts";

const launcher = join(import.meta.dirname, "..", "..", "bin", "coffer");
const plain = {
  name: "CANARY_NAME_zebra-7719",
  value: "canary-value-of-nobody-4410",
  note: "canary note quagga 2201",
  machine: "canary-machine-okapi",
  project: "canary project dodo",
  token: "canary-token-thylacine",
};

const folder = mkdtempSync(join(tmpdir(), "coffer-zero-"));
const data = join(folder, "data");
const recorded: Buffer[] = [];
let child: ChildProcess;
let front: Server;
let url: string;
let key: Buffer;
let owner: Speaker;
let machine: Speaker;
let organizationId: string;
let secretId: string;
let sealedValue: string;
let bootstrap: { token: string };

const record = (bytes: Buffer | string) => void recorded.push(Buffer.from(bytes));

async function cli(...args: string[]): Promise<string> {
  const env = { PATH: process.env.PATH, HOME: folder, COFFER_URL: url, COFFER_TOKEN: bootstrap.token };
  const { stdout } = await promisify(execFile)(process.execPath, [launcher, ...args], { env });
  return stdout.trim();
}

beforeAll(async () => {
  child = spawn(
    process.execPath,
    [launcher, "serve", "--data", data, "--listen", "127.0.0.1:0", "--log-level", "silent"],
    {
      stdio: ["ignore", "pipe", "inherit"],
      env: { PATH: process.env.PATH, HOME: folder },
    },
  );
  const behind = await new Promise<URL>((resolve) => {
    let said = "";
    child.stdout?.setEncoding("utf8").on("data", (more: string) => {
      said += more;
      const found = /^Coffer is ready at (\S+)/m.exec(said)?.[1];
      if (found !== undefined) resolve(new URL(found));
    });
  });
  // Every byte of both directions, as somebody on the way would see it.
  front = createServer((near) => {
    const far = connect(Number(behind.port), behind.hostname);
    near.on("data", record).pipe(far);
    far.on("data", record).pipe(near);
    for (const socket of [near, far]) socket.on("error", () => near.destroy());
  });
  await new Promise<void>((ready) => front.listen(0, "127.0.0.1", ready));
  url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  bootstrap = JSON.parse(readFileSync(join(data, "bootstrap.json"), "utf8"));

  organizationId = await cli("bitwarden", "init", "vault");
  key = Buffer.from(readFileSync(join(folder, ".config/coffer/bitwarden-vault.key"), "utf8"), "base64");
  owner = speaker(clientOf(url, bootstrap.token), key);
  const home = `/api/organizations/${organizationId}`;
  const machineId = await cli("bitwarden", "machine", plain.machine, "--org", "vault");
  const text = await cli("bitwarden", "access-token", machineId, "--name", plain.token, "--org", "vault");
  const token = parse(text);
  const login = await logIn(url, formOf(token));
  expect(login.status).toBe(200);
  const payload = JSON.parse(open(tokenKeyOf(token.seed), login.body.encrypted_payload));
  expect(payload).toEqual({ encryptionKey: key.toString("base64") });
  machine = speaker(clientOf(url, login.body.access_token), key);

  const project = await machine.post(`${home}/projects`, { name: machine.seal(plain.project) });
  expect(project.status).toBe(200);
  const more = { projectIds: [project.body.id], note: machine.seal(plain.note) };
  const made = await machine.post(`${home}/secrets`, machine.secret(plain.name, plain.value, more));
  expect(made.status).toBe(200);
  hidden = [
    ...Object.entries(plain).map(([name, text]) => [name, writings(Buffer.from(text))] as const),
    ["the half of the key that encrypts", writings(key.subarray(0, 32))],
    ["the half of the key that authenticates", writings(key.subarray(32))],
    ["the key", writings(key)],
  ];
  secretId = made.body.id;
  sealedValue = made.body.value;
});

afterAll(async () => {
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
  front.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What must be nowhere, in the writings in which it could be. */
function writings(bytes: Buffer): readonly Buffer[] {
  const base64 = bytes.toString("base64").replace(/=+$/, "");
  const utf16 = Buffer.from(bytes.toString("latin1"), "utf16le");
  const texts = [base64, base64.replaceAll("+", "-").replaceAll("/", "_"), bytes.toString("hex")];
  return [bytes, utf16, ...texts.map((text) => Buffer.from(text))];
}

let hidden: readonly (readonly [string, readonly Buffer[]])[] = [];

function found(haystack: Buffer): readonly string[] {
  return hidden.flatMap(([name, forms]) => (forms.some((form) => haystack.includes(form)) ? [name] : []));
}

const nothing = Buffer.alloc(1024 * 1024 + 4_096);

/** Every page of the server's process that it has written to. */
function* memoryOf(pid: number): Generator<Buffer> {
  const memory = openSync(`/proc/${pid}/mem`, "r");
  try {
    const regions = readFileSync(`/proc/${pid}/smaps`, "utf8").split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/);
    for (const region of regions) {
      const [, from = "", to = "", rights = ""] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(region) ?? [];
      if (!rights.startsWith("rw") || /^Rss: +0 kB$/m.test(region)) continue;
      const [start, end] = [BigInt(`0x${from}`), BigInt(`0x${to}`)];
      const step = 1024n * 1024n;
      // A text may lie across two pieces: each begins a little before its own.
      for (let at = start; at < end; at += step) {
        const begin = at === start ? at : at - 4_096n;
        const bytes = Buffer.alloc(Number((at + step < end ? at + step : end) - begin));
        try {
          const read = readSync(memory, bytes, 0, bytes.length, begin);
          const part = bytes.subarray(0, read);
          if (!part.equals(nothing.subarray(0, read))) yield part;
        } catch {
          break; // a page that is there by name alone
        }
      }
    }
  } finally {
    closeSync(memory);
  }
}

describe("nothing of it is", () => {
  test("on the wire", () => {
    const all = Buffer.concat(recorded);
    expect(all.includes(sealedValue)).toBe(true);
    expect(all.includes(bootstrap.token)).toBe(true);
    expect(found(all)).toEqual([]);
  });

  test("in the server's memory", async () => {
    for (let turn = 0; turn < 3; turn += 1) {
      const { body } = await machine.post("/api/secrets/get-by-ids", { ids: [secretId] });
      expect(machine.open(body.data[0].value)).toBe(plain.value);
    }
    let seesThere = false;
    const seen = new Set<string>();
    for (const part of memoryOf(child.pid ?? 0)) {
      if (part.includes(sealedValue)) seesThere = true;
      for (const name of found(part)) seen.add(name);
    }
    // What the server was given in the same requests is found: the scan looks where such things are.
    expect(seesThere).toBe(true);
    expect([...seen]).toEqual([]);
  });

  test("in its files", () => {
    for (const name of readdirSync(data)) {
      if (name.startsWith("coffer.db")) expect(found(readFileSync(join(data, name)))).toEqual([]);
    }
  });
});

describe("what the server says of it", () => {
  test("Bitwarden's routes carry the EncStrings of the client as they are", async () => {
    const { body } = await machine.get(`/api/secrets/${secretId}`);
    expect(body.value).toBe(sealedValue);
    expect([body.key, body.value, body.note, body.projects[0].name].map(machine.open)).toEqual([
      plain.name,
      plain.value,
      plain.note,
      plain.project,
    ]);
    const list = await owner.get(`/api/organizations/${organizationId}/secrets`);
    expect(list.body.secrets.map(({ key: each }: { key: string }) => owner.open(each))).toEqual([plain.name]);
    const sync = await machine.get(`/api/organizations/${organizationId}/secrets/sync`);
    expect(sync.body.secrets.data).toHaveLength(1);
  });

  test("the rules of form still hold, and type 7 passes untouched", async () => {
    const path = `/api/organizations/${organizationId}/secrets`;
    const bad = await owner.post(path, { ...owner.secret("N", "v"), value: "plain" });
    expect({ status: bad.status, body: bad.body }).toEqual({
      status: 400,
      body: errorBody("The model state is invalid.", { Value: ["Value is not a valid encrypted string."] }),
    });
    const { status, body } = await owner.post(path, { ...owner.secret("N", "v"), value: "7.AAAA" });
    expect({ status, value: body.value }).toEqual({ status: 200, value: "7.AAAA" });
    await owner.post("/api/secrets/delete", [body.id]);
  });

  test("a value sealed anew is a version, unless the client says that it is none", async () => {
    const path = `/api/secrets/${secretId}`;
    const { body: before } = await machine.get(path);
    const projectIds = [before.projects[0].id];
    const versions = async () => (await machine.get(`${path}/versions`)).body.data.length;
    const put = (value: string, more: object = {}) =>
      machine.put(path, machine.secret(plain.name, value, { projectIds, note: before.note, ...more }));
    expect((await put(plain.value, { valueChanged: false })).status).toBe(200);
    expect(await versions()).toBe(0);
    await put(plain.value);
    expect(await versions()).toBe(1);
    const { body } = await machine.get(path);
    await machine.put(path, {
      key: body.key,
      value: body.value,
      note: body.note,
      projectIds,
      valueChanged: true,
    });
    expect(await versions()).toBe(2);
    await machine.put(path, { key: body.key, value: body.value, note: body.note, projectIds });
    expect(await versions()).toBe(2);
  });

  test("the other dialects refuse", async () => {
    const natively = `/v1/organizations/vault`;
    const { body: stores } = await owner.get(`${natively}/stores`);
    const store = stores.items.find(({ slug }: { slug: string }) => slug !== "default");
    const secret = `${natively}/stores/${store.id}/secrets/${secretId}`;
    const refused = await owner.get(`${secret}/value`);
    expect({ status: refused.status, code: refused.body.error.code }).toEqual({
      status: 409,
      code: "custody.client",
    });
    expect((await owner.get(secret)).body.name).toBeNull();
    const create = await owner.post(`${natively}/stores/${store.id}/secrets`, { name: "X", value: "y" });
    expect(create.status).toBe(409);
    expect((await owner.post(`${natively}/stores`, { name: "plain" })).status).toBe(409);
    const mint = await owner.post(`${natively}/machines`, { name: "plain" });
    expect(mint.status).toBe(409);
    const clusters = `/v2/organizations/vault/clusters/${store.id}/secrets`;
    for (const answer of [await owner.get(clusters), await owner.get(`${clusters}/${secretId}`)]) {
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.text).not.toContain(sealedValue);
    }
  });
});
