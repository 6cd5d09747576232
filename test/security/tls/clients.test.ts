// What is served by `--tls auto`, as clients that are not ours see it, and what a stolen key of the
// authority would be worth: nothing beyond this server's names.
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import { authorityKey } from "../../../src/server/tls/authority-key.ts";
import { findGo, have } from "../../support/requirements.ts";
import { folder, handshake, startTls, type TlsCoffer } from "./support.ts";

/** Go compiles its TLS before it speaks it. */
const compileMs = 180_000;

/** What this machine trusts beside public authorities, and where it looks for them, is left aside. */
const trusting = /^(SSL_CERT_(FILE|DIR)|CURL_CA_BUNDLE|NODE_EXTRA_CA_CERTS)$/;
const plain = Object.fromEntries(Object.entries(process.env).filter(([name]) => !trusting.test(name)));

interface Ended {
  readonly code: number | null;
  readonly out: string;
}

async function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const child = spawn(program, args, { env: { ...plain, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [out, talk] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, out: out + talk };
}

const healthy = '{"status":"ok"}';

test.runIf(have("curl"))("curl, by option and by the variable that the server prints", async () => {
  const { url, authority } = await startTls();
  const asked = ["-sS", `${url}/healthz`];
  expect(await run("curl", ["--cacert", authority, ...asked])).toEqual({ code: 0, out: healthy });
  expect(await run("curl", asked, { SSL_CERT_FILE: authority })).toEqual({ code: 0, out: healthy });
  expect((await run("curl", asked)).code).toBe(60);
});

test("Node's fetch, by the variable that the server prints", async () => {
  const { url, authority } = await startTls();
  const program = `console.log(await (await fetch("${url}/healthz")).text())`;
  const args = ["--input-type=module", "-e", program];
  expect(await run(process.execPath, args, { NODE_EXTRA_CA_CERTS: authority })).toEqual({
    code: 0,
    out: `${healthy}\n`,
  });
  expect((await run(process.execPath, args)).code).toBe(1);
});

test.runIf(have("python"))("Python, strictly, by the variable that the server prints", async () => {
  const { url, authority } = await startTls();
  const program = `
import ssl, sys, urllib.request
context = ssl.create_default_context()
context.verify_flags |= ssl.VERIFY_X509_STRICT
print(urllib.request.urlopen(sys.argv[1] + "/healthz", context=context).read().decode())`;
  const asked = await run("python3", ["-c", program, url], { SSL_CERT_FILE: authority });
  expect(asked).toEqual({ code: 0, out: `${healthy}\n` });
  expect((await run("python3", ["-c", program, url])).out).toContain("CERTIFICATE_VERIFY_FAILED");
});

test.runIf(have("kubectl"))("kubectl, by what coffer kubeconfig prints, with the token", async () => {
  const { url, data } = await startTls();
  const home = await folder();
  const main = join(import.meta.dirname, "../../../src/main.ts");
  const cli = (...args: readonly string[]) => run(process.execPath, [main, ...args], { HOME: home });
  expect((await cli("login", "--bootstrap", join(data, "bootstrap.json"))).code).toBe(0);
  const config = join(home, "kubeconfig");
  expect((await cli("kubeconfig", "--namespace", "web-prod", "--out", config)).code).toBe(0);
  const kubectl = (...args: readonly string[]) =>
    run("kubectl", ["--kubeconfig", config, ...args], { HOME: home });
  expect(await kubectl("get", "--raw", "/healthz")).toEqual({ code: 0, out: healthy });
  expect((await kubectl("get", "--raw", "/v1/whoami")).out).toContain('"name":"Owner"');
  const shown = (await kubectl("config", "view", "--minify", "-o", "jsonpath={..namespace} {..server}")).out;
  expect(shown).toBe(`web-prod ${url}`);
});

const goProgram = `package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	client := http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true}}
	for _, url := range os.Args[1:] {
		response, err := client.Get(url)
		if err != nil {
			fmt.Println(err)
			continue
		}
		body, _ := io.ReadAll(response.Body)
		fmt.Println(response.Proto, string(body))
	}
}
`;

interface Forged {
  readonly cert: string;
  readonly key: string;
}

describe.runIf(have("openssl"))("with the authority's key in the wrong hands", () => {
  let coffer: TlsCoffer;
  let place: string;

  /** A certificate by the stolen key for these names, as their owner would never get it. */
  async function forged(extensions: readonly string[], name: string, by?: Forged): Promise<Forged> {
    const path = (end: string) => join(place, `${name}.${end}`);
    const signer = by ?? { cert: coffer.authority, key: join(place, "stolen.key") };
    await writeFile(path("cnf"), [...extensions, "authorityKeyIdentifier = keyid"].join("\n"));
    const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path("key")];
    const request = ["req", "-new", ...newKey, "-subj", `/CN=${name}`, "-out", path("csr")];
    expect((await run("openssl", request)).code).toBe(0);
    const signing = ["-CA", signer.cert, "-CAkey", signer.key, "-days", "1", "-extfile", path("cnf")];
    const signed = ["x509", "-req", "-in", path("csr"), ...signing, "-out", path("pem")];
    expect((await run("openssl", signed)).code).toBe(0);
    return { cert: path("pem"), key: path("key") };
  }

  const verify = (cert: string, more: readonly string[] = []) =>
    run("openssl", [
      "verify",
      "-x509_strict",
      "-purpose",
      "sslserver",
      "-CAfile",
      coffer.authority,
      ...more,
      cert,
    ]);

  async function stolen(): Promise<void> {
    coffer = await startTls();
    place = await folder();
    if (coffer.node === null) throw new Error("sealed");
    const key = await authorityKey(coffer.node.context);
    await writeFile(join(place, "stolen.key"), key.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  }

  test("OpenSSL takes what the server serves, and a forgery for its own names", async () => {
    await stolen();
    const server = await readFile(join(coffer.data, "tls", "server.pem"), "utf8");
    const cert = join(place, "server.pem");
    await writeFile(cert, server.slice(server.indexOf("-----BEGIN CERTIFICATE")));
    expect(await verify(cert)).toEqual({ code: 0, out: `${cert}: OK\n` });
    const own = await forged(["subjectAltName = DNS:localhost,IP:127.0.0.1"], "x");
    expect((await verify(own.cert)).code).toBe(0);
  });

  test.each([
    ["another host", ["subjectAltName = DNS:bank.example.com"], "x"],
    ["a host beside its own", ["subjectAltName = DNS:localhost,DNS:bank.example.com"], "x"],
    ["another address", ["subjectAltName = IP:10.0.0.1"], "x"],
    ["another address of IPv6", ["subjectAltName = IP:2001:db8::1"], "x"],
    ["a host in the old place for it", ["keyUsage = digitalSignature"], "bank.example.com"],
  ])("OpenSSL takes no forgery for %s", async (_, extensions, name) => {
    await stolen();
    const { cert } = await forged(extensions, name);
    const verified = await verify(cert);
    expect(verified.code).toBe(2);
    expect(verified.out).toContain("permitted subtree violation");
  });

  test("OpenSSL takes nothing from an authority below it, and nothing but servers", async () => {
    await stolen();
    const usage = ["basicConstraints = critical,CA:TRUE", "keyUsage = critical,keyCertSign"];
    const below = await forged([...usage, "subjectKeyIdentifier = hash"], "below");
    const leaf = await forged(["subjectAltName = DNS:localhost"], "leaf", below);
    const chained = await verify(leaf.cert, ["-untrusted", below.cert]);
    expect(chained.out).toContain("path length constraint exceeded");
    const client = await forged(["subjectAltName = DNS:localhost", "extendedKeyUsage = clientAuth"], "x");
    expect((await verify(client.cert)).code).toBe(2);
  });

  test.runIf(have("go"))(
    "neither Node nor Go takes a forgery; Go takes the server",
    { timeout: compileMs },
    async () => {
      await stolen();
      const { cert, key } = await forged(["subjectAltName = DNS:localhost,DNS:bank.example.com"], "x");
      const options = { cert: await readFile(cert), key: await readFile(key) };
      const forger = createServer(options, (_, response) => void response.end("stolen"));
      await new Promise<void>((ready) => forger.listen(0, "127.0.0.1", ready));
      onTestFinished(() => void forger.close());
      const { port } = forger.address() as AddressInfo;
      const ca = await readFile(coffer.authority);
      await expect(handshake(port, { ca, servername: "localhost" })).rejects.toThrow();

      const program = join(place, "main.go");
      await writeFile(program, goProgram);
      const urls = [
        `${coffer.url}/healthz`,
        `https://localhost:${coffer.port}/healthz`,
        `https://localhost:${port}`,
      ];
      const env = { SSL_CERT_FILE: coffer.authority, GO111MODULE: "off", CGO_ENABLED: "0" };
      const { out } = await run(String(findGo()), ["run", program, ...urls], env);
      const [first, second, third] = out.split("\n");
      expect([first, second]).toEqual([`HTTP/1.1 ${healthy}`, `HTTP/1.1 ${healthy}`]);
      expect(third).toContain("not permitted by any constraint");
    },
  );
});
