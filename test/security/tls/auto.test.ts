// `--tls auto` from the outside: what is served, to whom, and what stays the same over restarts,
// renewals and rotations.
import { X509Certificate } from "node:crypto";
import { chmod, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { newRootKeyFile } from "../../../src/server/keys.ts";
import { heldClock } from "../../support/coffers.ts";
import { startPostgres } from "../../support/postgres.ts";
import { have } from "../../support/requirements.ts";
import { readTrail } from "../../support/trail.ts";
import { ask, folder, handshake, logged, served, servedAfter, startTls, type TlsCoffer } from "./support.ts";

const dayMs = 24 * 60 * 60 * 1000;
const certificateIn = async (path: string) => new X509Certificate(await readFile(path));
const keyIdOf = ({ publicKey }: X509Certificate) =>
  publicKey.export({ format: "der", type: "spki" }).toString("hex");

const tokenOf = async ({ data }: TlsCoffer): Promise<string> =>
  JSON.parse(await readFile(join(data, "bootstrap.json"), "utf8")).token;

test("a first start serves https to who trusts its authority, and to nobody else", async () => {
  const coffer = await startTls();
  expect(coffer.url).toBe(`https://127.0.0.1:${coffer.port}`);
  expect(await ask(coffer.url, coffer.authority)).toBe('200 {"status":"ok"}');
  expect(await ask(`https://localhost:${coffer.port}`, coffer.authority)).toBe('200 {"status":"ok"}');
  await expect(handshake(coffer.port, { ca: [] })).rejects.toMatchObject({
    code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  });
  const ca = await readFile(coffer.authority);
  await expect(handshake(coffer.port, { ca, servername: "coffer.example.org" })).rejects.toMatchObject({
    code: "ERR_TLS_CERT_ALTNAME_INVALID",
  });
  const token = await tokenOf(coffer);
  expect(await ask(coffer.url, coffer.authority, { path: "/v1/whoami", token })).toMatch(/^200 .*"Owner"/);
});

test("where the authority lies, and its fingerprint, are told at the start", async () => {
  const coffer = await startTls();
  const { fingerprint256, ca, issuer, subject } = await certificateIn(coffer.authority);
  expect(coffer.announced).toContain(coffer.authority);
  expect(coffer.announced).toContain(fingerprint256);
  expect(coffer.announced).toContain(`export SSL_CERT_FILE=${coffer.authority} NODE_EXTRA_CA_CERTS=`);
  expect({ ca, own: issuer === subject }).toEqual({ ca: true, own: true });
  const leaf = await served(coffer.port);
  expect(leaf.subjectAltName).toBe("DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1");
  expect({ ca: leaf.ca, keyUsage: leaf.keyUsage }).toEqual({ ca: false, keyUsage: ["1.3.6.1.5.5.7.3.1"] });
});

test("keys are their owner's alone, and the authority's lies in no file", async () => {
  const coffer = await startTls();
  const tls = join(coffer.data, "tls");
  expect((await readdir(tls)).sort()).toEqual(["ca.pem", "server.pem"]);
  const modes = await Promise.all(["", "server.pem", "ca.pem"].map((name) => stat(join(tls, name))));
  expect(modes.map(({ mode }) => mode & 0o777)).toEqual([0o700, 0o600, 0o644]);
  expect(await readFile(coffer.authority, "utf8")).not.toContain("PRIVATE KEY");
  const server = await readFile(join(tls, "server.pem"), "utf8");
  expect(server.match(/PRIVATE KEY/g)).toHaveLength(2);
  const logs = JSON.stringify(coffer.log);
  for (const line of server.split("\n").slice(1, 3)) expect(logs).not.toContain(line);
});

test("TLS 1.2 and 1.3 with ciphers that keep what was recorded, and HTTP/1.1 alone", async () => {
  const { port, authority } = await startTls();
  const ca = await readFile(authority);
  const protocols = ["TLSv1.2", "TLSv1.3"] as const;
  for (const version of protocols) {
    const socket = await handshake(port, { ca, minVersion: version, maxVersion: version });
    expect(socket.getProtocol()).toBe(version);
    expect(socket.getCipher().name).toMatch(version === "TLSv1.2" ? /^ECDHE-ECDSA-AES\d+-GCM/ : /^TLS_AES/);
  }
  const older = { ca, minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
  await expect(handshake(port, older)).rejects.toThrow(/alert|version/);
  const cbc = { ca, maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA" } as const;
  await expect(handshake(port, cbc)).rejects.toThrow(/handshake failure/);

  const both = await handshake(port, { ca, ALPNProtocols: ["h2", "http/1.1"] });
  expect(both.alpnProtocol).toBe("http/1.1");
  await expect(handshake(port, { ca, ALPNProtocols: ["h2"] })).rejects.toThrow(/no application protocol/);
});

test("a connection serves many requests, and its session is taken up again", async () => {
  const { port, authority } = await startTls();
  const ca = await readFile(authority);
  const socket = await handshake(port, { ca });
  const session = new Promise<Buffer>((resolve) => socket.once("session", resolve));
  for (let turn = 0; turn < 3; turn += 1) {
    socket.write("GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
    const answer = await new Promise<string>((resolve) => socket.once("data", (data) => resolve(`${data}`)));
    expect(answer).toMatch(/^HTTP\/1.1 200 [\s\S]*connection: keep-alive/i);
  }
  const again = await handshake(port, { ca, session: await session });
  expect(again.isSessionReused()).toBe(true);
});

test("a restart changes neither the authority nor the certificate, until a third of its life is left", async () => {
  const clock = heldClock(Date.now());
  const first = await startTls({ clock });
  const files = [first.authority, join(first.data, "tls", "server.pem")];
  const contents = () => Promise.all(files.map((path) => readFile(path, "utf8")));
  const [ca = "", certificate = ""] = await contents();
  await first.stop();
  clock.pass(60 * dayMs - 1_000);
  const again = await startTls({ data: first.data, clock });
  expect(await contents()).toEqual([ca, certificate]);
  expect(again.log.map(({ msg }) => msg)).not.toContain("a TLS certificate was issued");
  await again.stop();
  clock.pass(1_000);
  await startTls({ data: first.data, clock });
  const [after, renewed] = await contents();
  expect(after).toBe(ca);
  expect(renewed).not.toBe(certificate);
});

test("the certificate is renewed while it is served, and who is connected stays", async () => {
  const clock = heldClock(Date.now());
  const coffer = await startTls({ clock });
  const ca = await readFile(coffer.authority);
  const before = await served(coffer.port);
  const connected = await handshake(coffer.port, { ca });
  clock.pass(60 * dayMs);
  const after = await servedAfter(coffer.port, before);
  expect(after.validToDate.getTime() - before.validToDate.getTime()).toBe(60 * dayMs);
  expect(keyIdOf(after)).not.toBe(keyIdOf(before));
  expect(await readFile(coffer.authority)).toEqual(ca);
  expect(after.verify(new X509Certificate(ca).publicKey)).toBe(true);
  connected.write("GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n");
  const answer = await new Promise<string>((resolve) => connected.once("data", (data) => resolve(`${data}`)));
  expect(answer).toMatch(/^HTTP\/1.1 200 /);
  await coffer.stop();

  // And at a start: the server was off for longer than the certificate lasts.
  clock.pass(100 * dayMs);
  const late = await startTls({ data: coffer.data, clock });
  expect((await served(late.port)).validToDate.getTime()).toBeGreaterThan(clock.now() + 89 * dayMs);
  expect(await readFile(late.authority)).toEqual(ca);
});

test("a renewal that fails is told, once, and what is served goes on", async () => {
  const clock = heldClock(Date.now());
  const coffer = await startTls({ clock });
  const before = await served(coffer.port);
  const tls = join(coffer.data, "tls");
  await rename(tls, `${tls}.away`);
  await writeFile(tls, "no folder");
  clock.pass(61 * dayMs);
  expect((await logged(coffer, "was not renewed")).level).toBe("error");
  expect((await served(coffer.port)).fingerprint256).toBe(before.fingerprint256);
  await coffer.stop();
  expect(coffer.log.filter(({ msg }) => msg.includes("was not renewed"))).toHaveLength(1);
});

test("a clock that was set back does not leave a certificate of the future", async () => {
  const clock = heldClock(Date.now() + 10 * dayMs);
  const coffer = await startTls({ clock });
  const before = await served(coffer.port);
  clock.pass(-10 * dayMs);
  await servedAfter(coffer.port, before);
  expect(await ask(coffer.url, coffer.authority)).toBe('200 {"status":"ok"}');
});

test("the authority's file is made anew years before it ends, by the same key", async () => {
  const clock = heldClock(Date.now());
  const first = await startTls({ clock });
  const before = await certificateIn(first.authority);
  await first.stop();
  clock.pass(9 * 365 * dayMs);
  const later = await startTls({ data: first.data, clock });
  const after = await certificateIn(later.authority);
  expect(after.validToDate.getTime()).toBeGreaterThan(clock.now() + 9 * 365 * dayMs);
  expect([keyIdOf(after), after.subject]).toEqual([keyIdOf(before), before.subject]);
  // Who has the older file only, which is good for another year, trusts the new certificate too.
  expect((await served(later.port)).verify(before.publicKey)).toBe(true);
  expect((await logged(later, "made anew")).level).toBe("warn");
});

test("what was lost or may have been seen is made anew under the same authority", async () => {
  const first = await startTls();
  const ca = await readFile(first.authority);
  const server = join(first.data, "tls", "server.pem");
  const seen = await served(first.port);
  await first.stop();

  for (const harm of [
    () => rm(server),
    () => chmod(server, 0o644),
    () => writeFile(server, "-----BEGIN PRIVATE KEY-----\n"),
  ]) {
    await harm();
    const again = await startTls({ data: first.data });
    expect((await served(again.port)).fingerprint256).not.toBe(seen.fingerprint256);
    expect(await ask(again.url, first.authority)).toBe('200 {"status":"ok"}');
    expect((await stat(server)).mode & 0o777).toBe(0o600);
    expect(await readFile(first.authority)).toEqual(ca);
    await again.stop();
  }

  // The whole folder: clients go on with the file that they have.
  const copy = join(await folder(), "ca.pem");
  await rename(first.authority, copy);
  await rm(join(first.data, "tls"), { recursive: true });
  const anew = await startTls({ data: first.data });
  expect((await readFile(anew.authority)).equals(ca)).toBe(false);
  expect(await ask(anew.url, copy)).toBe('200 {"status":"ok"}');
  await anew.stop();

  // The file of an authority that is not this installation's is not kept.
  const other = await startTls();
  await rename(other.authority, first.authority);
  const again = await startTls({ data: first.data });
  expect(keyIdOf(await certificateIn(again.authority))).toBe(keyIdOf(new X509Certificate(ca)));
});

test("names are added by an authority of the same key; those of another one do not count", async () => {
  const first = await startTls();
  const before = await readFile(first.authority);
  await first.stop();
  const flags = {
    tls: "auto",
    tlsNames: "coffer.example.org,10.1.2.3",
    publicUrl: "https://vault.example.org",
  };
  const named = await startTls({ data: first.data, flags: { ...flags, listen: "127.0.0.2:0" } });
  expect(named.url).toBe("https://vault.example.org");
  const { names } = await logged(named, "made anew");
  expect(names).toEqual([
    "localhost",
    "127.0.0.1",
    "::1",
    "127.0.0.2",
    "vault.example.org",
    "coffer.example.org",
    "10.1.2.3",
  ]);
  const after = await certificateIn(named.authority);
  expect(keyIdOf(after)).toBe(keyIdOf(new X509Certificate(before)));
  expect(after.subject).not.toBe(new X509Certificate(before).subject);
  await named.stop();

  // Fewer names are no reason to hand out another file.
  const fewer = await startTls({ data: first.data });
  expect((await certificateIn(fewer.authority)).fingerprint256).toBe(after.fingerprint256);
  // The older authority may not vouch for the new names, so it does not vouch for the certificate.
  await expect(handshake(fewer.port, { ca: before })).rejects.toThrow();
  expect(await ask(fewer.url, fewer.authority)).toBe('200 {"status":"ok"}');
});

test("where every address is listened on the machine's own name is vouched for, and may change", async () => {
  const first = await startTls({ flags: { tls: "auto", listen: "0.0.0.0:0" } });
  expect(first.url).toBe(`https://127.0.0.1:${first.port}`);
  const leaf = await served(first.port);
  const named = leaf.checkHost(hostname().toLowerCase()) ?? leaf.checkIP(hostname());
  expect(named).toBeDefined();
  const ca = await readFile(first.authority);
  await first.stop();
  // As a container would find it that has another name and other addresses now.
  const again = await startTls({ data: first.data });
  expect(await readFile(again.authority)).toEqual(ca);
  expect((await served(again.port)).fingerprint256).toBe(leaf.fingerprint256);
});

test("the authority outlives a rotation of the key that seals it", async () => {
  const clock = heldClock(Date.now());
  const coffer = await startTls({ clock });
  const ca = await readFile(coffer.authority);
  const token = await tokenOf(coffer);
  const keys = "/v1/installation/keys";
  const rotated = await ask(coffer.url, coffer.authority, { method: "POST", path: `${keys}/rotate`, token });
  expect(rotated).toMatch(/^2/);
  const destroyed = await ask(coffer.url, coffer.authority, {
    method: "POST",
    path: `${keys}/1/destroy`,
    token,
  });
  expect(destroyed).toMatch(/^2/);
  const before = await served(coffer.port);
  clock.pass(61 * dayMs);
  const after = await servedAfter(coffer.port, before);
  expect(after.verify(new X509Certificate(ca).publicKey)).toBe(true);
  expect(await readFile(coffer.authority)).toEqual(ca);
});

test("a sealed server says so over TLS, with the certificate that it has", async () => {
  const first = await startTls();
  await first.stop();
  await rename(join(first.data, "root.key"), join(await folder(), "root.key"));
  const sealed = await startTls({ data: first.data });
  expect(sealed.node).toBeNull();
  expect(await ask(sealed.url, first.authority)).toBe('200 {"status":"ok"}');
  expect(await ask(sealed.url, first.authority, { path: "/v1/whoami" })).toMatch(/^503 .*server.sealed/);
  await sealed.stop();
  await rm(join(first.data, "tls"), { recursive: true });
  await expect(startTls({ data: first.data })).rejects.toThrow(/no certificate in .* none can be made/);
});

test.runIf(have("postgresql"))("nodes that start at once share one authority", async () => {
  const instance = await startPostgres();
  onTestFinished(() => instance.stop());
  const database = await instance.database();
  const rootKey = join(await folder(), "root.key");
  await writeFile(rootKey, newRootKeyFile(), { mode: 0o600 });
  const first = await startTls({ database, flags: { rootKey } });
  await first.stop();
  const flags = { rootKey, tls: "auto" };
  const nodes = await Promise.all(Array.from({ length: 3 }, () => startTls({ database, flags })));
  for (const node of nodes) {
    for (const { url } of nodes) expect(await ask(url, node.authority)).toBe('200 {"status":"ok"}');
  }
  const keys = await Promise.all(nodes.map(async ({ authority }) => keyIdOf(await certificateIn(authority))));
  expect(new Set(keys).size).toBe(1);
  const trail = await readTrail(first, database);
  expect(trail.filter(({ details }) => details?.includes('"purpose":"tls-authority"'))).toMatchObject([
    { organization_id: null, caller_kind: "system", action: "key.manage", outcome: "allowed" },
  ]);
});
