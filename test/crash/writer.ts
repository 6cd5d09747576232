// One of the concurrent clients. It does one thing after another to secrets of its own, so that what
// it may expect is certain; to names and secrets that all share it does what must come out once.
import type { Common, History, Owned, Shape } from "./history.ts";
import type { Random } from "./random.ts";
import type { Answer, Wire } from "./wire.ts";

export interface WriterParts {
  readonly number: number;
  readonly round: number;
  readonly wire: Wire;
  readonly history: History;
  readonly random: Random;
  readonly organization: string;
  readonly stores: readonly string[];
  /** A name that a few writers want at once. */
  readonly raceName: string;
  readonly stopped: () => boolean;
}

const org = "/v1/organizations/default";
const ownedMax = 6;
const longValue = "x".repeat(9_000);

export async function write(parts: WriterParts): Promise<void> {
  const writer = new Writer(parts);
  await writer.race();
  while (!parts.stopped() && !parts.wire.lost) await writer.step();
}

/** What an answer means for what was asked. */
type Outcome = "done" | "not done" | "unknown";

class Writer {
  readonly #parts: WriterParts;
  #serial = 0;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  async race(): Promise<void> {
    const { history, number, raceName, stores, wire } = this.#parts;
    const store = stores[0] ?? "";
    const value = this.#value();
    const answer = await wire.send("POST", inStore(store), { name: raceName, value });
    if (answer?.status === 409) {
      history.attempt(raceName, { writer: number, value, outcome: "taken", id: null });
      return;
    }
    const outcome = this.#outcome("create in a race", answer);
    if (outcome === "not done") return;
    const id = outcome === "done" ? String(answer?.body.id) : null;
    history.attempt(raceName, { writer: number, value, outcome: id === null ? "unknown" : "created", id });
    if (id !== null) this.#told("secret.create", id, answer, 1);
  }

  async step(): Promise<void> {
    const { history, number, random } = this.#parts;
    const mine = history.owned[number] ?? [];
    const free = mine.filter((owned) => owned.doubt === null && owned.shape.life !== "gone");
    const active = free.filter((owned) => owned.shape.life === "active");
    const trashed = free.filter((owned) => owned.shape.life === "trashed");
    if (active.length === 0 || (mine.length < ownedMax && random.percent(20))) {
      return random.percent(30) ? this.#createTogether() : this.#create();
    }
    const chance = random.between(1, 100);
    if (chance <= 8) return this.#common(random.pick(history.commons));
    if (trashed.length > 0 && chance <= 20) return this.#untrash(random.pick(trashed));
    if (active.length > 1 && chance <= 30) return this.#batch(active);
    const owned = random.pick(active);
    if (chance <= 50) return this.#reveal(owned);
    if (chance <= 68) return this.#putValue(owned);
    if (chance <= 76) return this.#patch(owned);
    if (chance <= 80) return this.#change(owned, "PATCH", "", { name: this.#name() });
    if (chance <= 85) return this.#move(owned);
    if (chance <= 89 && mine.length < ownedMax) return this.#duplicate(owned);
    if (chance <= 93) return this.#restoreVersion(owned);
    return this.#remove(owned, random.percent(30));
  }

  async #create(): Promise<void> {
    const { random, stores } = this.#parts;
    const shape: Shape = {
      life: "active",
      store: random.pick(stores),
      name: this.#name(),
      description: random.percent(50) ? `made in round ${this.#parts.round}` : null,
      labels: random.percent(50) ? { round: String(this.#parts.round), app: "crash" } : null,
      consumers: random.percent(30) ? ["worker", "gateway"] : null,
      values: random.percent(90) ? [this.#value()] : [],
    };
    const { store, values, life: _, ...rest } = shape;
    await this.#make("secret.create", inStore(store), { ...rest, value: values[0] ?? null }, shape);
  }

  /** Several by one request of a dialect that creates all of them or none. */
  async #createTogether(): Promise<void> {
    const { history, number, organization, random, stores, wire } = this.#parts;
    const store = random.pick(stores);
    const made = Array.from({ length: random.between(2, 5) }, (): Owned => {
      const rest = { description: null, labels: null, consumers: ["workers"] };
      const shape: Shape = { life: "active", store, name: this.#name(), values: [this.#value()], ...rest };
      return { id: null, shape: { ...shape, life: "gone" }, doubt: shape, revision: 0, wasRead: false };
    });
    const shapes = made.flatMap(({ doubt }) => doubt ?? []);
    history.owned[number]?.push(...made);
    const [account, place] = [organization, store].map((id) => id.replaceAll("-", ""));
    const path = `/client/v4/accounts/${account}/secrets_store/stores/${place}/secrets`;
    const body = shapes.map(({ name, values, consumers: scopes }) => ({ name, value: values[0], scopes }));
    const answer = await wire.send("POST", path, body);
    const outcome = this.#outcome("create of several", answer);
    if (outcome === "unknown") {
      history.together.push(made);
      return;
    }
    for (const [index, owned] of made.entries()) {
      const shape = shapes[index];
      owned.doubt = null;
      if (outcome === "not done" || shape === undefined) continue;
      const hex = String(answer?.body.result[index]?.id);
      owned.id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
      owned.shape = shape;
      history.acknowledge({
        kind: "mutation",
        what: "create of several",
        requestId: answer?.requestId ?? "",
        secretId: owned.id,
        revision: null,
        version: 1,
      });
    }
  }

  async #duplicate({ shape }: Owned): Promise<void> {
    const copy: Shape = {
      ...shape,
      store: this.#parts.random.pick(this.#parts.stores),
      name: this.#name(),
      description: null,
      labels: null,
      values: shape.values.slice(-1),
    };
    const path = `${inStore(shape.store)}/${shape.name}/duplicate`;
    await this.#make("secret.duplicate", path, { name: copy.name, store: copy.store }, copy);
  }

  /** A new secret; until the answer is there it may stand or not. */
  async #make(what: string, path: string, body: object, shape: Shape): Promise<void> {
    const { history, number, wire } = this.#parts;
    const owned: Owned = {
      id: null,
      shape: { ...shape, life: "gone" },
      doubt: shape,
      revision: 0,
      wasRead: false,
    };
    const mine = history.owned[number] ?? [];
    mine.push(owned);
    const answer = await wire.send("POST", path, body);
    const outcome = this.#outcome(what, answer);
    if (outcome === "unknown") return;
    if (outcome === "not done") {
      owned.doubt = null;
      return;
    }
    owned.id = String(answer?.body.id);
    this.#adopt(what, owned, shape, answer);
  }

  async #putValue(owned: Owned): Promise<void> {
    const value = this.#value();
    const after = { ...owned.shape, values: [...owned.shape.values, value] };
    await this.#act("secret.write", owned, after, "PUT", "/value", { value });
  }

  async #patch(owned: Owned): Promise<void> {
    const { random } = this.#parts;
    this.#serial += 1;
    const change = {
      description: `patched ${this.#serial} in ${this.#parts.round}`,
      labels: random.percent(50) ? { patched: String(this.#serial) } : null,
      consumers: random.percent(50) ? [`service-${random.between(1, 9)}`] : null,
    };
    await this.#change(owned, "PATCH", "", change);
  }

  async #move(owned: Owned): Promise<void> {
    const { random, stores } = this.#parts;
    const target = random.pick(stores.filter((store) => store !== owned.shape.store));
    await this.#change(owned, "POST", "/move", { store: target });
  }

  async #change(owned: Owned, method: string, path: string, change: Partial<Shape>): Promise<void> {
    await this.#act("secret.update", owned, { ...owned.shape, ...change }, method, path, change);
  }

  async #restoreVersion(owned: Owned): Promise<void> {
    const { values } = owned.shape;
    if (values.length === 0) return this.#putValue(owned);
    const number = this.#parts.random.between(1, values.length);
    const after = { ...owned.shape, values: [...values, values[number - 1] ?? ""] };
    await this.#act("version.restore", owned, after, "POST", `/versions/${number}/restore`);
  }

  async #remove(owned: Owned, purge: boolean): Promise<void> {
    const after: Shape = { ...owned.shape, life: purge ? "gone" : "trashed" };
    await this.#act("secret.remove", owned, after, "DELETE", purge ? "?purge=true" : "");
  }

  async #untrash(owned: Owned): Promise<void> {
    const at = `${org}/trash/${owned.id}`;
    if (this.#parts.random.percent(30)) {
      await this.#send("trash.purge", owned, { ...owned.shape, life: "gone" }, "DELETE", at);
      return;
    }
    const after: Shape = { ...owned.shape, life: "active", name: this.#name() };
    await this.#send("trash.restore", owned, after, "POST", `${at}/restore`, { name: after.name });
  }

  #act(what: string, owned: Owned, after: Shape, method: string, path: string, body?: object): Promise<void> {
    const { store, name } = owned.shape;
    return this.#send(what, owned, after, method, `${inStore(store)}/${name}${path}`, body);
  }

  async #send(
    what: string,
    owned: Owned,
    after: Shape,
    method: string,
    path: string,
    body?: object,
  ): Promise<void> {
    owned.doubt = after;
    const answer = await this.#parts.wire.send(method, path, body);
    const outcome = this.#outcome(what, answer);
    if (outcome === "unknown") return;
    owned.doubt = null;
    if (outcome === "done") this.#adopt(what, owned, after, answer);
  }

  /** An acknowledged change: from now on the secret must stand like this. */
  #adopt(what: string, owned: Owned, shape: Shape, answer: Answer | null): void {
    owned.shape = shape;
    owned.doubt = null;
    const shown = answer?.body;
    if (shown !== undefined) {
      owned.revision = Number(shown.revision);
      const { name, version, storeId } = shown;
      if (name !== shape.name || version !== shape.values.length || storeId !== shape.store) {
        this.#parts.history.wrong.push(`${what} of ${owned.id} answered another state than it made`);
      }
    }
    this.#told(what, owned.id ?? "", answer, shape.values.length);
  }

  async #reveal(owned: Owned): Promise<void> {
    const { shape } = owned;
    if (shape.values.length === 0) return this.#putValue(owned);
    const { history, random, wire } = this.#parts;
    const past = random.percent(25) ? random.between(1, shape.values.length) : null;
    const query = past === null ? "" : `?version=${past}`;
    const answer = await wire.send("GET", `${inStore(shape.store)}/${shape.name}/value${query}`);
    if (this.#outcome("secret.reveal", answer) !== "done") return;
    const version = past ?? shape.values.length;
    const { body } = answer ?? {};
    if (body?.version !== version || body?.value !== shape.values[version - 1]) {
      history.wrong.push(`a reveal of ${owned.id} answered another value than version ${version}`);
    }
    this.#revealed(owned, answer, version);
  }

  async #batch(active: readonly Owned[]): Promise<void> {
    const { random, wire, history } = this.#parts;
    const { store } = random.pick(active).shape;
    const asked = active.filter(({ shape }) => shape.store === store && shape.values.length > 0);
    if (asked.length === 0) return;
    const names = [...asked.map(({ shape }) => shape.name), "not-there"];
    const answer = await wire.send("POST", `${org}/stores/${store}/values`, { names });
    if (this.#outcome("batch reveal", answer) !== "done") return;
    for (const [index, owned] of asked.entries()) {
      const { values } = owned.shape;
      const item = answer?.body.items[index];
      if (item?.version !== values.length || item?.value !== values.at(-1)) {
        history.wrong.push(`a batch reveal of ${owned.id} answered another value`);
      }
      this.#revealed(owned, answer, values.length);
    }
  }

  #revealed(owned: Owned, answer: Answer | null, version: number): void {
    owned.wasRead = true;
    this.#parts.history.acknowledge({
      kind: "reveal",
      what: "secret.reveal",
      requestId: answer?.requestId ?? "",
      secretId: owned.id ?? "",
      revision: null,
      version,
    });
  }

  async #common(common: Common): Promise<void> {
    const { history, stores, wire } = this.#parts;
    const value = this.#value();
    common.unknown.add(value);
    const path = `${inStore(stores[0] ?? "")}/${common.name}/value`;
    const answer = await wire.send("PUT", path, { value });
    const outcome = this.#outcome("write to a common secret", answer);
    if (outcome === "unknown") return;
    common.unknown.delete(value);
    if (outcome === "not done") return;
    const version = Number(answer?.body.version);
    history.commonWritten(common, version, value);
    this.#told("secret.write", common.id, answer, version);
  }

  #told(what: string, secretId: string, answer: Answer | null, version: number): void {
    const shown = answer?.body;
    this.#parts.history.acknowledge({
      kind: "mutation",
      what,
      requestId: answer?.requestId ?? "",
      secretId,
      revision: shown === undefined ? null : Number(shown.revision),
      version: shown === undefined ? null : version,
    });
  }

  #outcome(what: string, answer: Answer | null): Outcome {
    const { history } = this.#parts;
    if (answer === null) {
      history.counts.unknown += 1;
      return "unknown";
    }
    if (answer.status >= 200 && answer.status < 300) return "done";
    const code = String(answer.body?.error?.code ?? answer.body?.errors?.[0]?.message);
    if (answer.status !== 503) {
      history.wrong.push(`${what} was answered ${answer.status} ${code} (request ${answer.requestId})`);
    }
    if (/^(storage\.)?outcome_unknown$/.test(code) || answer.status === 500) {
      history.counts.unknown += 1;
      return "unknown";
    }
    history.counts.refused += 1;
    return "not done";
  }

  #name(): string {
    this.#serial += 1;
    return `w${this.#parts.number}-r${this.#parts.round}-${this.#serial}`;
  }

  #value(): string {
    this.#serial += 1;
    const own = `value ${this.#parts.number}.${this.#parts.round}.${this.#serial} äß\n`;
    return this.#parts.random.percent(5) ? own + longValue : own;
  }
}

function inStore(store: string): string {
  return `${org}/stores/${store}/secrets`;
}
