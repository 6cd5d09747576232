// A certificate of the operator's own: what ends a start, what changes a server that runs, and what it
// only tells of.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { chmod, mkdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadConfig } from "../../../src/server/config.ts";
import { ownCertificates } from "../../../src/server/tls/own.ts";
import { type ServerCertificate, selfSigned } from "../../support/certificate.ts";
import { heldClock } from "../../support/coffers.ts";
import { ask, folder, handshake, logged, served, servedAfter, startTls } from "./support.ts";

const dayMs = 24 * 60 * 60 * 1000;
const hosts = ["127.0.0.1", "localhost"];
const fingerprint = (certificate: string | Buffer) => new X509Certificate(certificate).fingerprint256;

async function filesWith(pair: ServerCertificate) {
  const place = await folder();
  const files = { tlsCert: join(place, "server.pem"), tlsKey: join(place, "server.key") };
  await put(files, pair);
  return files;
}

async function put(files: { tlsCert: string; tlsKey: string }, { certificate, key }: ServerCertificate) {
  for (const [path, text] of [
    [files.tlsCert, certificate],
    [files.tlsKey, key],
  ] as const) {
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }
}

test("it is served as it is, and https is how the server is reached", async () => {
  const pair = selfSigned(hosts);
  const flags = await filesWith(pair);
  const coffer = await startTls({ flags });
  expect(coffer.url).toBe(`https://127.0.0.1:${coffer.port}`);
  expect(await ask(coffer.url, flags.tlsCert)).toBe('200 {"status":"ok"}');
  expect((await served(coffer.port)).fingerprint256).toBe(fingerprint(pair.certificate));
  expect(coffer.announced).not.toContain("authority");
});

test("a new pair is served within seconds, and who is connected stays", async () => {
  const flags = await filesWith(selfSigned(hosts));
  const coffer = await startTls({ flags });
  const before = await served(coffer.port);
  const connected = await handshake(coffer.port, { ca: await readFile(flags.tlsCert) });
  const renewed = selfSigned(hosts);
  await put(flags, renewed);
  const after = await servedAfter(coffer.port, before);
  expect(after.fingerprint256).toBe(fingerprint(renewed.certificate));
  connected.write("GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n");
  const answer = await new Promise<string>((resolve) => connected.once("data", (data) => resolve(`${data}`)));
  expect(answer).toMatch(/^HTTP\/1.1 200 /);
});

test("a folder that is exchanged as a whole behind a link is noticed: Kubernetes mounts secrets so", async () => {
  const place = await folder();
  for (const name of ["one", "two"]) {
    await mkdir(join(place, name));
    const at = { tlsCert: join(place, name, "tls.crt"), tlsKey: join(place, name, "tls.key") };
    await put(at, selfSigned(hosts));
  }
  await symlink("one", join(place, "data"));
  const flags = { tlsCert: join(place, "data", "tls.crt"), tlsKey: join(place, "data", "tls.key") };
  const coffer = await startTls({ flags });
  const before = await served(coffer.port);
  await symlink("two", join(place, "next"));
  await rename(join(place, "next"), join(place, "data"));
  const after = await servedAfter(coffer.port, before);
  expect(after.fingerprint256).toBe(fingerprint(await readFile(flags.tlsCert)));
});

test("a broken pair changes nothing, is told once, and the next good one is taken", async () => {
  const flags = await filesWith(selfSigned(hosts));
  const coffer = await startTls({ flags });
  const before = await served(coffer.port);
  // The certificate alone was exchanged: its key is another one's.
  const next = selfSigned(hosts);
  await writeFile(flags.tlsCert, next.certificate);
  const told = await logged(coffer, "of no use");
  expect(told).toMatchObject({ level: "error", because: "the key belongs to another certificate" });
  expect((await served(coffer.port)).fingerprint256).toBe(before.fingerprint256);
  await writeFile(flags.tlsKey, next.key);
  expect((await servedAfter(coffer.port, before)).fingerprint256).toBe(fingerprint(next.certificate));
  expect(coffer.log.filter(({ msg }) => msg.includes("of no use"))).toHaveLength(1);
  const secret = next.key.split("\n")[1] ?? "";
  expect(JSON.stringify(coffer.log)).not.toContain(secret);
});

test("files that are still changing are waited for, and half a pair is no error meanwhile", async () => {
  const files = await filesWith(selfSigned(hosts));
  const { config } = loadConfig(files, {});
  const errors: string[] = [];
  const log = { info() {}, warn() {}, error: (_: object, message: string) => void errors.push(message) };
  const clock = heldClock(Date.now());
  const at = { cert: files.tlsCert, key: files.tlsKey };
  const certificates = await ownCertificates(at, { config, url: "https://127.0.0.1", clock, log });
  const next = selfSigned(hosts);
  await writeFile(files.tlsCert, next.certificate);
  expect(await certificates.look()).toBeNull();
  await writeFile(files.tlsKey, next.key);
  expect(await certificates.look()).toBeNull();
  expect((await certificates.look())?.cert).toBe(next.certificate);
  expect(await certificates.look()).toBeNull();
  expect(errors).toEqual([]);
});

/** The pairs that a server would come to serve, without one. */
async function watching(first: ServerCertificate, now: number) {
  const files = await filesWith(first);
  const said: string[] = [];
  const say = (_: object, message: string) => void said.push(message);
  const clock = heldClock(now);
  const { config } = loadConfig(files, {});
  const parts = { config, url: "https://127.0.0.1", clock, log: { info() {}, warn: say, error: say } };
  const certificates = await ownCertificates({ cert: files.tlsCert, key: files.tlsKey }, parts);
  said.splice(0);
  const looked = async () => {
    await certificates.look();
    await certificates.look();
    return certificates.pair.cert;
  };
  return { files, said, clock, looked };
}

const stays = "the new TLS certificate is not valid now: the old one stays while it is";
const soon = "the TLS certificate expires soon";

test("a good certificate is not replaced by one that has ended, nor before a new one begins", async () => {
  const now = Date.now();
  const first = selfSigned(hosts, now);
  const { files, said, clock, looked } = await watching(first, now);
  await put(files, selfSigned(hosts, now - 3 * dayMs));
  expect(await looked()).toBe(first.certificate);
  expect(await looked()).toBe(first.certificate);
  expect(said).toEqual([stays]);
  const next = selfSigned(hosts, now + dayMs / 2);
  await put(files, next);
  expect(await looked()).toBe(first.certificate);
  expect(said).toEqual([stays, stays]);
  clock.pass(dayMs / 2);
  expect(await looked()).toBe(next.certificate);
  expect(said).toEqual([stays, stays, soon]);
});

test("where the one that is served has ended, another that has ended may take its place", async () => {
  const now = Date.now();
  const { files, looked } = await watching(selfSigned(hosts, now - 4 * dayMs), now);
  const next = selfSigned(hosts, now - 3 * dayMs);
  await put(files, next);
  expect(await looked()).toBe(next.certificate);
});

test("who may read the key of a new pair is warned of as at the start", async () => {
  const now = Date.now();
  const { files, said, looked } = await watching(selfSigned(hosts, now), now);
  const next = selfSigned(hosts, now);
  await put(files, next);
  await chmod(files.tlsKey, 0o644);
  expect(await looked()).toBe(next.certificate);
  expect(said).toEqual(["every user of this machine may read the TLS key: chmod 600 it"]);
});

const good = selfSigned(hosts);
const passphrase = { cipher: "aes-256-cbc", passphrase: "a passphrase" };
const encrypted = createPrivateKey(good.key)
  .export({ type: "pkcs8", format: "pem", ...passphrase })
  .toString();
test.each([
  ["is missing", null, "server.key cannot be read (ENOENT)"],
  ["is another's", selfSigned(hosts).key, "the key belongs to another certificate"],
  ["is no key", good.certificate, "the key is no PEM of a private key"],
  ["is under a passphrase", encrypted, "the key is under a passphrase"],
  ["is too long", "x".repeat(300_000), "is too long to be such a file"],
])("a start is refused where the key %s", async (_, key, because) => {
  const flags = await filesWith(good);
  if (key === null) await rename(flags.tlsKey, `${flags.tlsKey}.away`);
  else await writeFile(flags.tlsKey, key);
  await expect(startTls({ flags })).rejects.toThrow(because);
});

test("a start is refused where the chain is damaged", async () => {
  const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const chain = await filesWith({ ...good, certificate: good.certificate + broken });
  await expect(startTls({ flags: chain })).rejects.toThrow("OpenSSL refuses it");
  const alone = await filesWith({ ...good, certificate: broken });
  await expect(startTls({ flags: alone })).rejects.toThrow("the certificate is no PEM of one");
});

test("an expired one is served and told of, once a day: a wrong clock must not keep a server down", async () => {
  const flags = await filesWith(selfSigned(hosts, Date.now() - 3 * dayMs));
  const clock = heldClock(Date.now());
  const coffer = await startTls({ flags, clock });
  expect(coffer.log.filter(({ msg }) => msg.includes("has expired"))).toMatchObject([{ level: "error" }]);
  clock.pass(dayMs);
  await logged(coffer, "has expired", 2);
  await expect(handshake(coffer.port, { ca: await readFile(flags.tlsCert) })).rejects.toMatchObject({
    code: "CERT_HAS_EXPIRED",
  });
  const early = await startTls({ flags, clock: heldClock(Date.now() - 30 * dayMs) });
  expect((await logged(early, "not valid yet")).level).toBe("error");
});

test("what will soon be wrong is warned of: its end, its names, who may read its key", async () => {
  const flags = await filesWith(selfSigned(["coffer.example.org"]));
  await chmod(flags.tlsKey, 0o644);
  const coffer = await startTls({ flags });
  expect(coffer.log.filter(({ level }) => level === "warn").map(({ msg }) => msg)).toEqual([
    "the TLS certificate is not for this host",
    "every user of this machine may read the TLS key: chmod 600 it",
    "the TLS certificate expires soon",
  ]);
});
