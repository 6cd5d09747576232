// `coffer doctor` as a person runs it: on the host beside a server that runs, and against that server.
import { execFile } from "node:child_process";
import { hash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { checkNames } from "../../src/server/doctor/finding.ts";
import { coffers } from "../support/coffers.ts";
import { type TestCoffer, tokenSecretOf } from "../support/server.ts";

const launcher = fileURLToPath(new URL("../../bin/coffer", import.meta.url));

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly said: string;
}

const home = mkdtempSync(join(tmpdir(), "coffer-doctor-"));
afterAll(() => rmSync(home, { recursive: true }));

function coffer(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env.PATH, HOME: home, ...env }, timeout: 25_000 };
    const child = execFile(process.execPath, [launcher, ...args], options, (_, out, said) => {
      resolve({ code: child.exitCode, out, said });
    });
  });
}

function checks({ out }: Ran): string[] {
  return JSON.parse(out).findings.map(
    ({ severity, check }: { severity: string; check: string }) => `${severity} ${check}`,
  );
}

function findingOf({ out }: Ran, check: string): { readonly found: string } {
  return JSON.parse(out).findings.find((finding: { check: string }) => finding.check === check);
}

/** As records of root keys have it at the end of each line. */
const checksum = (line: string): string => hash("sha256", line, "hex").slice(0, 16);

for (const engine of coffers) {
  describe(`the doctor beside a server on ${engine.name}`, () => {
    let server: TestCoffer;
    let database: readonly string[];
    beforeAll(async () => {
      server = await engine.start();
      const { databaseUrl } = server;
      database = databaseUrl === null ? [] : ["--database", databaseUrl];
    });
    afterAll(() => server.stop());
    afterEach(() => chmodSync(join(server.data, "root.key"), 0o600));

    const here = async (...more: string[]) =>
      coffer(["doctor", "--json", "--data", server.data, ...database, ...more]);
    const ofServer = engine.name === "SQLite" ? [] : ["warning no-synchronous-standby"];

    test("names what a first start leaves, and ends with 3 for warnings", async () => {
      const ran = await here();
      expect(ran.said).toContain("0 errors");
      expect(checks(ran)).toEqual([
        ...ofServer,
        "warning root-key-beside-data",
        "warning bootstrap-left",
        "note audit-heads-inside",
      ]);
      expect(ran.code).toBe(3);
    });

    test("an open key file is an error, and 1", async () => {
      chmodSync(join(server.data, "root.key"), 0o644);
      const ran = await here();
      expect(checks(ran).slice(0, 2)).toEqual(["error permissions", "error root-key"]);
      expect(ran.code).toBe(1);
    });

    test("a root key that is gone, and another one in its place, are named: the next start is sealed", async () => {
      const key = join(server.data, "root.key");
      const [id = ""] = /rk_[0-9a-f]{16}/.exec(readFileSync(key, "utf8")) ?? [];
      renameSync(key, `${key}.kept`);
      try {
        const gone = await here();
        expect(checks(gone)[0]).toBe("error root-key");
        expect(findingOf(gone, "root-key").found).toContain(`root key ${id}, which was not found: ${key}.`);
        expect(gone.code).toBe(1);
        expect((await coffer(["key", "new", "--out", key])).code).toBe(0);
        expect(findingOf(await here(), "root-key").found).toContain(id);
        const kept = ["--root-key", `${key}.kept`];
        expect(checks(await here(...kept))).not.toContain("error root-key");
      } finally {
        renameSync(`${key}.kept`, key);
      }
    });

    test("a variable, a passphrase that nobody is asked for, and a provider's record count by their ids", async () => {
      const key = join(server.data, "root.key");
      const text = readFileSync(key, "utf8");
      const [id = ""] = /rk_[0-9a-f]{16}/.exec(text) ?? [];
      const args = ["doctor", "--json", "--data", server.data, ...database];
      const none = ["--root-key", join(home, "none.key")];
      expect(checks(await coffer([...args, ...none]))).toContain("error root-key");
      expect(checks(await coffer(args, { COFFER_ROOT_KEY: text }))).not.toContain("error root-key");
      const odd = await coffer(args, { COFFER_ROOT_KEY: "nonsense" });
      expect(findingOf(odd, "root-key").found).toContain("stands in COFFER_ROOT_KEY");
      expect(odd.out).not.toContain("nonsense");

      const record = join(home, `record-${engine.name}`);
      const line = `${id} argon2id m=65536 t=3 p=4 ${Buffer.alloc(16, 1).toString("base64")} active`;
      const passphrase = `coffer-root-passphrase/1\n${line} #${checksum(line)}\n`;
      writeFileSync(record, passphrase, { mode: 0o600 });
      const asked = [...none, "--ask-root-passphrase", "--root-passphrase-record", record];
      expect(checks(await coffer([...args, ...asked]))).not.toContain("error root-key");

      const kept = `${id} vault-transit transit vault:v1 ${Buffer.alloc(48, 1).toString("base64")} active`;
      rmSync(record);
      writeFileSync(record, `coffer-root-record/1\n${kept} #${checksum(kept)}\n`, { mode: 0o600 });
      const transit = "kind=vault-transit,address=https://127.0.0.1:1,key=root,tokenFile=/none";
      const provided = [...none, "--root-provider", transit, "--root-record", record];
      expect(checks(await coffer([...args, ...provided]))).not.toContain("error root-key");
      rmSync(record);
      const absent = findingOf(await coffer([...args, ...provided]), "root-key");
      expect(absent.found).toContain(`there is no record ${record}`);
    });

    test("in words, with a command for each, and without the token that lies there", async () => {
      const ran = await coffer(["doctor", "--data", server.data, ...database]);
      expect(ran.out).toContain("WARNING bootstrap-left\n");
      expect(ran.out).toContain(`    rm ${server.data}/bootstrap.json\n`);
      expect(ran.out + ran.said).not.toContain(tokenSecretOf(server.token));
      expect(ran.code).toBe(3);
    });

    test("asks a server that runs: an operator's token sees all, another less", async () => {
      const env = { COFFER_URL: server.url, COFFER_TOKEN: server.token };
      const ran = await coffer(["doctor", "--online", "--json"], env);
      const warned = engine.name === "SQLite" ? [] : ["warning server-warning"];
      expect(checks(ran)).toEqual(warned);
      expect(ran.code).toBe(warned.length === 0 ? 0 : 3);
      const { body } = await server
        .call(server.token)
        .post("/v1/tokens", { name: "narrow", scopes: ["secret.read"] });
      const narrow = await coffer(["doctor", "--online", "--json"], { ...env, COFFER_TOKEN: body.token });
      expect(checks(narrow)).toEqual([...warned, "note metrics-hidden"]);
    });

    test("a server that is not there is told as such", async () => {
      const env = { COFFER_URL: "http://127.0.0.1:1", COFFER_TOKEN: server.token };
      const ran = await coffer(["doctor", "--online"], env);
      expect(ran.code).toBe(7);
      expect(ran.said).toContain("no Coffer server answers");
    });
  });
}

describe("the doctor without a server", () => {
  test("an empty place is a warning, and stays empty", async () => {
    const data = join(home, "nothing");
    const ran = await coffer(["doctor", "--json", "--data", data]);
    expect(checks(ran)).toEqual(["warning no-database"]);
    expect(ran.code).toBe(3);
    expect(existsSync(data)).toBe(false);
  });

  test("a database of a newer release, and a file that is none", async () => {
    const data = mkdtempSync(join(home, "data-"));
    const file = join(data, "coffer.db");
    const db = new DatabaseSync(file);
    db.exec("CREATE TABLE migrations (id TEXT PRIMARY KEY, applied_at BIGINT NOT NULL)");
    db.exec("INSERT INTO migrations VALUES ('9999-later', 0)");
    db.close();
    chmodSync(file, 0o600);
    const before = { bytes: readFileSync(file), mtime: statSync(file).mtimeMs };
    expect(checks(await coffer(["doctor", "--json", "--data", data]))).toEqual(["error schema"]);
    expect({ bytes: readFileSync(file), mtime: statSync(file).mtimeMs }).toEqual(before);
    writeFileSync(file, "not a database at all, but long enough to be taken for one".repeat(40));
    const ran = await coffer(["doctor", "--json", "--data", data]);
    expect(checks(ran)).toEqual(["error unreadable"]);
    expect(ran.code).toBe(1);
  });

  test("a PostgreSQL server that is not there: its address is told without a password", async () => {
    const url = "postgres://coffer:swordfish@127.0.0.1:1/coffer";
    const ran = await coffer(["doctor", "--json", "--data", join(home, "none"), "--database", url]);
    expect(checks(ran)).toEqual(["error unreadable"]);
    expect(ran.out + ran.said).not.toContain("swordfish");
  });

  test("the reference names every check", () => {
    const reference = readFileSync(join(import.meta.dirname, "../../docs/reference/cli.md"), "utf8");
    for (const check of checkNames) expect(reference).toContain(`| \`${check}\` |`);
  });
});
