// Two key services as they look from outside, for what a real one does not do when asked to: break off,
// refuse, be away. Each has its own keys and its vendor's rules about contexts. The real ones are tried by
// `npm run conformance -- root-keys`.
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

export interface KeyService {
  readonly url: string;
  /** What was asked so far, newest last. */
  readonly asked: readonly Asked[];
  /** Null: it works. A status and a body: its answer to everything. "silence": it breaks off. */
  answers: { readonly status: number; readonly body: unknown } | "silence" | null;
  /** Takes no connections until `back`. */
  leave(): Promise<void>;
  back(): Promise<void>;
  close(): Promise<void>;
}

export interface Asked {
  readonly path: string;
  readonly target: string;
  readonly token: string;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Answered {
  readonly status: number;
  readonly body: unknown;
}

/** What no message of ours may repeat. */
export const vendorText = "words of the vendor";

async function openService(work: (asked: Asked) => Answered): Promise<KeyService> {
  const asked: Asked[] = [];
  const listener = async (request: IncomingMessage, response: ServerResponse) => {
    const { headers, url: path = "" } = request;
    const target = String(headers["x-amz-target"] ?? "");
    const token = String(headers["x-vault-token"] ?? "");
    const question = { path, target, token, body: (await json(request)) as Asked["body"] };
    asked.push(question);
    if (service.answers === "silence") return void response.destroy();
    const { status, body } = service.answers ?? work(question);
    response.writeHead(status, { "content-type": "application/json", "x-amzn-requestid": "r-1" });
    response.end(JSON.stringify(body));
  };
  let server = createServer(listener);
  const listen = (port: number) =>
    new Promise<void>((ready) => server.listen(port, "127.0.0.1", () => ready()));
  await listen(0);
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  const leave = async () => {
    if (!server.listening) return;
    const gone = new Promise((closed) => server.close(closed));
    server.closeAllConnections();
    await gone;
  };
  const service: KeyService = {
    url: `http://127.0.0.1:${port}`,
    asked,
    answers: null,
    leave,
    async back() {
      server = createServer(listener);
      await listen(port);
    },
    close: leave,
  };
  return service;
}

function seal(key: Buffer, plain: Buffer, aad: Buffer): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(aad);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function open(key: Buffer, sealed: Buffer, aad: Buffer): Buffer | null {
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, 12), { authTagLength: 16 });
    decipher.setAAD(aad).setAuthTag(sealed.subarray(-16));
    return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
  } catch {
    return null;
  }
}

const arnOf = (id: string) => `arn:aws:kms:eu-central-1:000000000000:key/${id}`;

/** AWS KMS with keys of these ids. A blob names its key, as there: without a KeyId any of them is opened. */
export function openKms(...ids: readonly string[]): Promise<KeyService> {
  const keys = new Map(ids.map((id) => [arnOf(id), randomBytes(32)]));
  const refused = (name: string): Answered => ({ status: 400, body: { __type: name, message: vendorText } });
  return openService(({ target, body }) => {
    const given = String(body.KeyId ?? "");
    const arn = given.startsWith("arn:") ? given : arnOf(given);
    const context = Object.entries(body.EncryptionContext ?? {}).sort();
    const aad = Buffer.from(JSON.stringify(context));
    if (target === "TrentService.Encrypt") {
      const key = keys.get(arn);
      if (key === undefined) return refused("NotFoundException");
      const sealed = seal(key, Buffer.from(String(body.Plaintext), "base64"), aad);
      const blob = Buffer.concat([Buffer.from(arn.padEnd(96)), sealed]).toString("base64");
      return {
        status: 200,
        body: { KeyId: arn, CiphertextBlob: blob, EncryptionAlgorithm: "SYMMETRIC_DEFAULT" },
      };
    }
    const blob = Buffer.from(String(body.CiphertextBlob), "base64");
    const by = blob.toString("latin1", 0, 96).trimEnd();
    if (given !== "" && by !== arn) return refused("IncorrectKeyException");
    const plain = open(keys.get(by) ?? Buffer.alloc(32), blob.subarray(96), aad);
    if (plain === null) return refused("InvalidCiphertextException");
    return { status: 200, body: { KeyId: by, Plaintext: plain.toString("base64") } };
  });
}

/** A transit engine at `transit` with one key; `rotate` gives it a new version. */
export async function openTransit(name: string, token: string): Promise<KeyService & { rotate(): void }> {
  const versions = [randomBytes(32)];
  const errors = (status: number): Answered => ({ status, body: { errors: [vendorText] } });
  const service = await openService((asked) => {
    if (asked.token !== token) return errors(403);
    const [, work] = /^\/v1\/transit\/(encrypt|decrypt)\/([^/]+)$/.exec(asked.path) ?? [];
    if (work === undefined) return errors(404);
    if (!asked.path.endsWith(`/${name}`)) return errors(400);
    const aad = Buffer.from(String(asked.body.associated_data ?? ""), "base64");
    if (work === "encrypt") {
      const plain = Buffer.from(String(asked.body.plaintext), "base64");
      const sealed = seal(versions.at(-1) ?? Buffer.alloc(32), plain, aad).toString("base64");
      return { status: 200, body: { data: { ciphertext: `vault:v${versions.length}:${sealed}` } } };
    }
    const [, version, sealed = ""] = /^vault:v(\d+):(.+)$/.exec(String(asked.body.ciphertext)) ?? [];
    const key = versions[Number(version) - 1];
    const plain = key === undefined ? null : open(key, Buffer.from(sealed, "base64"), aad);
    return plain === null
      ? errors(400)
      : { status: 200, body: { data: { plaintext: plain.toString("base64") } } };
  });
  return Object.assign(service, { rotate: () => void versions.push(randomBytes(32)) });
}
