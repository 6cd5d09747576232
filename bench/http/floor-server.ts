// The processes behind `floor.ts`: node:http that hashes the credential, has a thread write one row for
// each request into SQLite, many in a commit, then opens one sealed value and answers with it. Nothing is
// looked up and nothing decided.
import { createCipheriv, createDecipheriv, createSecretKey, hash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import type { Canned } from "./bare.ts";

export interface FloorJob extends Canned {
  readonly folder: string;
}

type Entry = readonly [id: string, what: string];

if (isMainThread) process.once("message", (job: FloorJob) => serve(job));
else write(String(workerData));

function serve({ folder, headers, bodyBase64, keepAliveSeconds }: FloorJob): void {
  const writer = new Worker(new URL(import.meta.url), { workerData: join(folder, "floor.db") });
  let waiting: { readonly entry: Entry; readonly answer: () => void }[] = [];
  let underway: typeof waiting = [];
  const send = () => {
    if (underway.length > 0 || waiting.length === 0) return;
    underway = waiting;
    waiting = [];
    writer.postMessage(JSON.stringify(underway.map(({ entry }) => entry)));
  };
  writer.on("message", () => {
    const done = underway;
    underway = [];
    send();
    for (const { answer } of done) answer();
  });
  const open = sealed(Buffer.from(bodyBase64, "base64"));
  const sent = [...headers];
  const server = createServer((request, response) => {
    const id = hash("sha256", request.headers.authorization ?? "");
    const answer = () => {
      response.writeHead(200, sent);
      response.end(open());
    };
    waiting.push({ entry: [id, request.url ?? ""], answer });
    if (waiting.length === 1) setImmediate(send);
  });
  server.keepAliveTimeout = keepAliveSeconds * 1_000;
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo; // a TCP server that listens has one
    process.send?.(port);
  });
}

/** Opens the body of the answer, which was sealed once. */
function sealed(body: Buffer): () => Buffer {
  const [key, nonce, binding] = [createSecretKey(randomBytes(32)), randomBytes(12), randomBytes(150)];
  const options = { authTagLength: 16 };
  const cipher = createCipheriv("aes-256-gcm", key, nonce, options).setAAD(binding);
  const ciphertext = Buffer.concat([cipher.update(body), cipher.final()]);
  const tag = cipher.getAuthTag();
  return () => {
    const decipher = createDecipheriv("aes-256-gcm", key, nonce, options).setAAD(binding).setAuthTag(tag);
    const opened = decipher.update(ciphertext);
    decipher.final();
    return opened;
  };
}

function write(file: string): void {
  const db = new DatabaseSync(file);
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("PRAGMA synchronous = FULL");
  db.exec(
    "CREATE TABLE entries (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, what TEXT NOT NULL, hash TEXT NOT NULL)",
  );
  const insert = db.prepare("INSERT INTO entries (id, what, hash) VALUES (?, ?, ?)");
  const [begin, commit] = [db.prepare("BEGIN IMMEDIATE"), db.prepare("COMMIT")];
  let chain = "";
  parentPort?.on("message", (text: string) => {
    begin.run();
    for (const [id, what] of JSON.parse(text) as readonly Entry[]) {
      chain = hash("sha256", `${chain}${id}${what}`);
      insert.run(id, what, chain);
    }
    commit.run();
    parentPort?.postMessage(null);
  });
}
