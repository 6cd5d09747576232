import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { selfSigned } from "../../test/support/certificate.ts";
import {
  credentialFiles,
  exposure,
  readBootstrap,
  readCredentials,
  removeCredentials,
  saveCredentials,
} from "./credentials.ts";

const login = { url: "http://127.0.0.1:8200", token: "coffer_person_a_b", organization: "acme", store: null };

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "coffer-home-"));
});
afterEach(() => rm(home, { recursive: true }));

describe("the kept login", () => {
  test("lies under XDG_CONFIG_HOME, or under .config where that is not an absolute path", () => {
    expect(credentialFiles({ HOME: "/h", XDG_CONFIG_HOME: "/x" }).folder).toBe("/x/coffer");
    expect(credentialFiles({ HOME: "/h", XDG_CONFIG_HOME: "x" }).folder).toBe("/h/.config/coffer");
    expect(credentialFiles({ HOME: "/h" }).folder).toBe("/h/.config/coffer");
  });

  test("never lies in whatever folder one happens to be in", () => {
    for (const env of [{ HOME: "" }, { HOME: "h" }, {}])
      expect(credentialFiles(env).folder).toBe(join(userInfo().homedir, ".config", "coffer"));
  });

  test("is read back as it was kept, and gone after logout", async () => {
    const files = credentialFiles({ HOME: home });
    expect(await readCredentials(files)).toBeNull();
    await saveCredentials(files, login);
    expect(await readCredentials(files)).toEqual(login);
    expect(await readFile(files.curl, "utf8")).toBe('header = "Authorization: Bearer coffer_person_a_b"\n');
    expect(await removeCredentials(files)).toBe(true);
    expect(await removeCredentials(files)).toBe(false);
    expect(await readdir(files.folder)).toEqual([]);
  });

  test("has the authority that vouches for its server, for curl too", async () => {
    const files = credentialFiles({ XDG_CONFIG_HOME: join(home, 'a "b" \\c') });
    const ca = `${selfSigned(["127.0.0.1"]).certificate}`;
    await saveCredentials(files, { ...login, ca });
    expect(await readCredentials(files)).toEqual({ ...login, ca });
    expect(await readFile(files.ca, "utf8")).toBe(ca);
    const quoted = files.ca.replace('a "b" \\c', 'a \\"b\\" \\\\c');
    expect((await readFile(files.curl, "utf8")).split("\n")[1]).toBe(`cacert = "${quoted}"`);
    expect((await stat(files.ca)).mode & 0o777).toBe(0o600);
    // The next login is to a server that public authorities vouch for.
    await saveCredentials(files, login);
    expect((await readdir(files.folder)).sort()).toEqual(["credentials.json", "curl.conf"]);
    expect(await readFile(files.curl, "utf8")).not.toContain("cacert");
  });

  test("is readable by its owner alone, also where a wider file was there before", async () => {
    const files = credentialFiles({ HOME: home });
    await mkdir(files.folder, { recursive: true });
    await writeFile(files.credentials, JSON.stringify(login), { mode: 0o644 });
    expect(await exposure(files)).toContain("chmod 600");
    await saveCredentials(files, login);
    expect(await exposure(files)).toBeNull();
    for (const path of [files.credentials, files.curl]) expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await readdir(files.folder)).sort()).toEqual(["credentials.json", "curl.conf"]);
  });

  test.each(["", "{}", "[]", '{"url":"http://a","token":1}'])(
    "%j in its place is an error, not a guess",
    async (content) => {
      const files = credentialFiles({ HOME: home });
      await mkdir(files.folder, { recursive: true });
      await writeFile(files.credentials, content);
      await expect(readCredentials(files)).rejects.toThrow("is not what coffer wrote");
    },
  );
});

describe("the bootstrap file", () => {
  test("gives URL, token and places", async () => {
    const path = join(home, "bootstrap.json");
    const content = {
      url: "http://127.0.0.1:8200",
      organization: { id: "1", slug: "default" },
      store: { id: "2", slug: "default" },
      person: { id: "3", email: "owner@localhost" },
      token: "coffer_person_a_b",
    };
    await writeFile(path, JSON.stringify(content));
    expect(await readBootstrap(path)).toEqual({ ...login, organization: "default", store: "default" });
  });

  test("has the authority of --tls auto beside it, which is taken where the URL is https", async () => {
    const path = join(home, "bootstrap.json");
    const { certificate } = selfSigned(["127.0.0.1"]);
    await mkdir(join(home, "tls"));
    await writeFile(join(home, "tls", "ca.pem"), certificate);
    const write = (url: string) => writeFile(path, JSON.stringify({ url, token: login.token }));
    await write("https://127.0.0.1:8200");
    expect((await readBootstrap(path)).ca?.trim()).toBe(certificate.trim());
    await write("http://127.0.0.1:8200");
    expect((await readBootstrap(path)).ca).toBeUndefined();
    await writeFile(join(home, "tls", "ca.pem"), "torn");
    await write("https://127.0.0.1:8200");
    await expect(readBootstrap(path)).rejects.toThrow("is no certificate in PEM");
  });

  test("of a recovery names no places", async () => {
    const path = join(home, "recovery.json");
    await writeFile(path, JSON.stringify({ url: login.url, person: { id: "3" }, token: login.token }));
    expect(await readBootstrap(path)).toEqual({ ...login, organization: null, store: null });
  });

  test("that is missing or another file is named", async () => {
    const path = join(home, "other.json");
    await expect(readBootstrap(path)).rejects.toThrow(`there is no file ${path}`);
    await writeFile(path, '{"token":"coffer_person_a_b"}');
    await expect(readBootstrap(path)).rejects.toThrow("is not a bootstrap file");
  });
});
