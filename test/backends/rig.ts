// One installation whose values lie in a remote: a server that may be killed, a proxy that may fail, and what
// its clients were told. It does what a test asks for, and knows nothing of what is right.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logFile, type Place, type Server, startServer } from "../crash/child.ts";
import { type Row, reading } from "../crash/tables.ts";
import { type Answer, type Wire, wireTo } from "../crash/wire.ts";
import { canary, check, type Evidence } from "./checker.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { Ledger, type Standing, type Told } from "./ledger.ts";
import type { Armed } from "./points.ts";
import type { Doing, Remote } from "./remote.ts";

/** Short, so that a lease ends and a sweep comes while a test waits for it. */
const reconciler = {
  periodSeconds: 0.5,
  leaseSeconds: 3,
  sweepPeriodSeconds: 0.5,
  // Longer than a lease: what is younger may be a write under way.
  orphanAgeSeconds: 4,
  // What a test leaves behind is a large share of the little that is there.
  sweepMaxShare: 1,
};
const patience = { attemptTimeoutSeconds: 1, operationTimeoutSeconds: 2 };
/** Several leases and sweeps, and a start in between. */
const quietMsMax = 25_000;
const lookEveryMs = 100;
const connections = 16;

export interface RigOptions {
  readonly remote: Remote;
  /** Null: the embedded database. */
  readonly database?: string | null;
  readonly payload?: "sealed" | "native";
  readonly reconciler?: Partial<typeof reconciler>;
  readonly patience?: typeof patience;
}

const secrets = "/v1/organizations/default/stores/default/secrets";

export class Rig {
  readonly remote: Remote;
  readonly proxy: FaultProxy;
  readonly place: Place;
  readonly ledger: Ledger;
  #server: Server | null = null;
  #wire: Wire | null = null;
  #runs = false;

  private constructor(remote: Remote, proxy: FaultProxy, place: Place, ledger: Ledger) {
    this.remote = remote;
    this.proxy = proxy;
    this.place = place;
    this.ledger = ledger;
  }

  /** An installation with a server that runs. */
  static async open(options: RigOptions): Promise<Rig> {
    const rig = await Rig.#made(options, new Ledger());
    await rig.start();
    return rig;
  }

  /** Another server on the same database, with a proxy of its own. */
  static async beside(other: Rig): Promise<Rig> {
    const { remote, place, ledger } = other;
    const rig = await Rig.#made({ remote, database: place.database }, ledger);
    for (const file of ["root.key", "bootstrap.json"]) {
      copyFileSync(join(place.data, file), join(rig.place.data, file));
    }
    await rig.start();
    return rig;
  }

  static async #made({ remote, database = null, payload = "sealed", ...rest }: RigOptions, ledger: Ledger) {
    const out = mkdtempSync(join(tmpdir(), "coffer-backends-"));
    const proxy = await startFaultProxy(remote.url);
    const rig = new Rig(remote, proxy, { out, data: join(out, "data"), database }, ledger);
    mkdirSync(rig.place.data, { mode: 0o700 });
    const entry = { payload, ...remote.entry(proxy.url, out), ...patience, ...rest.patience };
    const settings = {
      backends: { remote: entry },
      defaultBackend: "remote",
      reconciler: { ...reconciler, ...rest.reconciler },
    };
    writeFileSync(join(out, "coffer.yaml"), JSON.stringify(settings));
    return rig;
  }

  async start(): Promise<void> {
    const url = await this.#started().catch((error: unknown) => {
      // The server looks for a free port before it listens there; on a busy machine another may be faster.
      if (!this.logged(/EADDRINUSE/).length) throw error;
      return this.#started();
    });
    const { token } = JSON.parse(readFileSync(join(this.place.data, "bootstrap.json"), "utf8"));
    this.#wire?.close();
    this.#wire = wireTo(url, token, connections);
  }

  /** Where it listens. */
  async #started(): Promise<string> {
    const faults = new URL("./points.ts", import.meta.url);
    faults.searchParams.set("armed", this.#armed);
    const config = join(this.place.out, "coffer.yaml");
    const env = { ...this.remote.env, COFFER_CONFIG: config, COFFER_LOG_LEVEL: "info" };
    const server = startServer(this.place, { faults, env });
    this.#server = server;
    this.#runs = true;
    void server.ended.then(() => {
      if (this.#server === server) this.#runs = false;
    });
    return server.ready;
  }

  /** No faults, and a server that runs, whatever the row before has left. */
  async afresh(): Promise<void> {
    this.proxy.clear();
    this.disarm();
    if (!this.#runs) await this.start();
  }

  /** The server ends at that point, or stops there until `goOn`. */
  arm(point: string, action: Armed["action"] = "kill", nth = 1): void {
    writeFileSync(this.#armed, JSON.stringify({ point, nth, action } satisfies Armed));
  }

  disarm(): void {
    rmSync(this.#armed, { force: true });
  }

  get #armed(): string {
    return join(this.place.out, "armed");
  }

  get server(): Server {
    if (this.#server === null) throw new Error("no server was started");
    return this.#server;
  }

  /** Resolves when the server has ended by itself. */
  async ended(): Promise<void> {
    await this.server.ended;
  }

  async kill(): Promise<void> {
    await this.server.kill();
  }

  /** SIGSTOP, and the wait until the whole process stands. */
  async pause(): Promise<void> {
    process.kill(await this.server.pid, "SIGSTOP");
    await this.paused();
  }

  async paused(): Promise<void> {
    const pid = await this.server.pid;
    await until(() => /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, "utf8")), "it does not stand");
  }

  async goOn(): Promise<void> {
    process.kill(await this.server.pid, "SIGCONT");
  }

  async restart(): Promise<void> {
    await this.server.kill();
    await this.start();
  }

  /** The text of a value as it goes over the wire. */
  valueOf(text: string): string {
    return canary + text;
  }

  async send(method: string, path: string, body?: object): Promise<Answer | null> {
    if (this.#wire === null) throw new Error("no server was started");
    return this.#wire.send(method, path, body);
  }

  async asks(what: Told["what"], name: string, value: string | null = null): Promise<Told> {
    const answer = await this.#request(what, name, value);
    return { what, value, status: answer?.status ?? null, version: answer?.body?.version ?? null };
  }

  #request(what: Told["what"], name: string, value: string | null): Promise<Answer | null> {
    if (what === "create") return this.send("POST", secrets, { name, value: this.valueOf(value ?? "") });
    if (what === "update")
      return this.send("PUT", `${secrets}/${name}/value`, { value: this.valueOf(value ?? "") });
    return this.send("DELETE", `${secrets}/${name}?purge=true`);
  }

  /** One request alone, or several of one secret at the same time, written down when all have ended. */
  async together(name: string, ...asked: readonly Promise<Told>[]): Promise<readonly (number | null)[]> {
    const told = await Promise.all(asked);
    this.ledger.happened(name, told);
    return told.map(({ status }) => status);
  }

  async create(name: string, value: string): Promise<number | null> {
    return (await this.together(name, this.asks("create", name, value)))[0] ?? null;
  }

  async update(name: string, value: string): Promise<number | null> {
    return (await this.together(name, this.asks("update", name, value)))[0] ?? null;
  }

  async remove(name: string): Promise<number | null> {
    return (await this.together(name, this.asks("remove", name)))[0] ?? null;
  }

  /** The value; null where there is no such secret; else the status of the answer. */
  async read(name: string): Promise<Standing | number> {
    const answer = await this.send("GET", `${secrets}/${name}/value`);
    if (answer?.status === 200) return String(answer.body.value).replace(canary, "");
    return answer?.status === 404 ? null : (answer?.status ?? 0);
  }

  async metadata(name: string): Promise<Answer | null> {
    return this.send("GET", `${secrets}/${name}`);
  }

  async listed(): Promise<readonly string[]> {
    const answer = await this.send("GET", `${secrets}?limit=1000`);
    return answer?.body.items.map(({ name }: { name: string }) => name) ?? [];
  }

  /** Requests that do this, to plant a fault for. */
  doing(what: Doing): (exchange: Parameters<Remote["doing"]>[0]) => boolean {
    return (exchange) => this.remote.doing(exchange) === what;
  }

  async rows(): Promise<Pick<Evidence, "secrets" | "versions" | "owed"> & { readonly installation: string }> {
    return reading(
      this.place,
      async (ask) => ({
        secrets: await ask("SELECT * FROM secrets"),
        versions: await ask("SELECT * FROM secret_versions ORDER BY secret_id, number"),
        owed: await ask("SELECT * FROM owed_deletions"),
        installation: String((await ask("SELECT id FROM installation"))[0]?.id),
      }),
      { beside: true },
    );
  }

  /** What this installation keeps there. */
  async objects(): Promise<Evidence["objects"]> {
    const { installation } = await this.rows();
    return this.remote.content(installation);
  }

  /** Waits until the reconciler has nothing left to do; where it does not come to that, says what is left. */
  async findings(): Promise<string[]> {
    const until = performance.now() + quietMsMax;
    for (;;) {
      const over = performance.now() > until;
      // To look at everything takes long; while something is under way it would be for nothing.
      const found = over || (await this.#isQuiet()) ? check(await this.#evidence()) : null;
      if (found?.length === 0 || (found !== null && (over || this.ledger.wrong.length > 0))) return found;
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  }

  async #isQuiet(): Promise<boolean> {
    const { secrets, versions, owed } = await this.rows();
    const underWay = ({ state }: Row) => state === "creating" || state === "deleting" || state === "pending";
    return owed.length === 0 && ![...secrets, ...versions].some(underWay);
  }

  async #evidence(): Promise<Evidence> {
    const reads = new Map<string, Standing>();
    for (const name of this.ledger.names) {
      const read = await this.read(name);
      if (typeof read !== "number") reads.set(name, read);
    }
    const listed = await this.listed();
    const rows = await this.rows();
    return {
      ledger: this.ledger,
      reads,
      listed,
      ...rows,
      objects: await this.objects(),
      texts: this.#texts(rows),
    };
  }

  #texts(rows: object): Evidence["texts"] {
    const { data, database } = this.place;
    const files = database === null ? readdirSync(data).filter((name) => name.startsWith("coffer.db")) : [];
    return [
      ...files.map((name) => ({ where: name, bytes: readFileSync(join(data, name)) })),
      { where: "the tables", bytes: Buffer.from(JSON.stringify(rows, readable)) },
      { where: "the log", bytes: readFileSync(logFile(this.place)) },
    ];
  }

  /** Lines of the log with this message. */
  logged(message: RegExp): readonly string[] {
    const file = logFile(this.place);
    const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
    return lines.filter((line) => message.test(line));
  }

  async close(): Promise<void> {
    this.#wire?.close();
    await this.#server?.kill();
    await this.proxy.close();
    rmSync(this.place.out, { recursive: true, force: true });
  }
}

/** Waits for something that shows only when one looks. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  otherwise: string,
  ms = quietMsMax,
): Promise<void> {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(otherwise);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

/** Bytes of a row as text, so that one can look for words in them. */
function readable(_: string, value: unknown): unknown {
  const bytes = value instanceof Object && "type" in value && value.type === "Buffer" && "data" in value;
  if (bytes) return Buffer.from(value.data as number[]).toString("latin1");
  return value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value;
}
