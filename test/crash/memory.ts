// The history against the tables: nothing acknowledged is lost, nothing unknown is half there, and
// what could only come out once came out once. It settles what was in doubt.
import type { Acknowledged, Attempt, Common, History, Owned, Shape } from "./history.ts";
import type { Row, Tables } from "./tables.ts";
import type { Trail } from "./trail.ts";
import { parsed } from "./whole.ts";

const versionsKept = 100;

export interface Opened {
  readonly tables: Tables;
  readonly trail: Trail;
  /** Of each secret the values of its versions, in order. */
  readonly values: ReadonlyMap<string, readonly (string | null)[]>;
}

export function remembered(history: History, opened: Opened): string[] {
  const rows = new Map(opened.tables.secrets.map((row) => [String(row.id), row]));
  return [
    ...history.wrong,
    ...history.acknowledged.flatMap((one) => acknowledged(one, opened.trail)),
    ...[...history.races].flatMap(([name, attempts]) => race(name, attempts, history, opened)),
    ...history.owned.flatMap((mine) => mine.flatMap((owned) => standing(owned, rows, opened))),
    ...history.commons.flatMap((common) => commonSecret(common, rows, opened)),
    ...history.together.flatMap(wholeOrNot),
  ];
}

function acknowledged(one: Acknowledged, trail: Trail): string[] {
  const { kind, what, requestId, secretId, revision, version } = one;
  const entries = (trail.byRequest.get(requestId) ?? []).filter(
    (entry) => entry.allowed && entry.targetId === secretId,
  );
  const fits = entries.filter((entry) =>
    kind === "reveal"
      ? entry.action === "secret.reveal" && entry.version === version
      : entry.revision !== null &&
        (revision === null || entry.revision === revision) &&
        (version === null || entry.version === version),
  );
  if (fits.length === 1) return [];
  return [
    `${what} of ${secretId} was acknowledged (request ${requestId}) and has ${fits.length} audit entries`,
  ];
}

/** A secret that one writer acts on stands as its history says, or as the request in doubt would leave it. */
function standing(owned: Owned, rows: ReadonlyMap<string, Row>, { tables, values }: Opened): string[] {
  const row = rowOf(owned, rows, tables);
  const candidates = owned.doubt === null ? [owned.shape] : [owned.shape, owned.doubt];
  const there = values.get(String(row?.id)) ?? [];
  const differences = candidates.map((shape) => differs(shape, row, there));
  const match = differences.indexOf(null);
  const shape = candidates[match];
  const id = owned.id ?? `named ${owned.doubt?.name}`;
  if (shape === undefined) {
    return [
      `an acknowledged state is lost: secret ${id} has ${differences.map((it) => `(${it})`).join(" or ")}`,
    ];
  }
  owned.shape = shape;
  owned.doubt = null;
  owned.id = row === undefined ? null : String(row.id);
  const wasPurged = shape.life === "gone" && owned.id !== null;
  if (wasPurged) return [`secret ${id} was purged and is there`];
  if (shape.life !== "gone" && owned.wasRead && row?.last_read_at === null) {
    return [`secret ${id} was revealed and its row says that it never was`];
  }
  return [];
}

/** What each of them stands as is settled already. */
function wholeOrNot(group: readonly Owned[]): string[] {
  const there = group.filter(({ shape }) => shape.life !== "gone").length;
  return there === 0 || there === group.length
    ? []
    : [`of ${group.length} secrets of one request ${there} were created`];
}

function rowOf(owned: Owned, rows: ReadonlyMap<string, Row>, { secrets }: Tables): Row | undefined {
  if (owned.id !== null) return rows.get(owned.id);
  // Its name was given to no other, so the name finds it.
  return secrets.find((row) => row.name === owned.doubt?.name && row.store_id === owned.doubt?.store);
}

/** Null where the row is as the shape says, else the first thing that differs. */
function differs(shape: Shape, row: Row | undefined, values: readonly (string | null)[]): string | null {
  if (shape.life === "gone") return row === undefined ? null : "a row instead of none";
  if (row === undefined) return `no row instead of one that is ${shape.life}`;
  const pairs: [string, unknown, unknown][] = [
    ["state", row.state, shape.life],
    ["store", row.store_id, shape.store],
    ["name", row.name, shape.name],
    ["description", row.description, shape.description],
    ["labels", sortedText(parsed(row.labels)), sortedText(shape.labels)],
    ["consumers", JSON.stringify(parsed(row.consumers)), JSON.stringify(shape.consumers)],
    ["version", Number(row.version), shape.values.length],
    ["values", JSON.stringify(values), JSON.stringify(shape.values.slice(-versionsKept))],
  ];
  const [what] = pairs.find(([, is, should]) => is !== should) ?? [];
  return what === undefined ? null : `another ${what}`;
}

function sortedText(labels: object | null): string {
  return JSON.stringify(labels === null ? null : Object.entries(labels).sort());
}

function race(name: string, attempts: readonly Attempt[], history: History, opened: Opened): string[] {
  const live = opened.tables.secrets.filter((row) => row.name === name && row.state === "active");
  const created = attempts.filter((attempt) => attempt.outcome === "created");
  const unknown = attempts.filter((attempt) => attempt.outcome === "unknown");
  const found: string[] = [];
  if (created.length > 1) found.push(`${created.length} writers were told that they created ${name}`);
  if (live.length > 1) found.push(`${live.length} live secrets are named ${name}`);
  const [row] = live;
  const id = String(row?.id);
  const lost = created.some((attempt) => attempt.id !== id);
  if (lost) found.push(`the acknowledged secret ${name} is not there`);
  const taken = attempts.some((attempt) => attempt.outcome === "taken");
  if (taken && row === undefined) found.push(`${name} was refused as taken and is not there`);
  if (row === undefined) return found;
  const values = opened.values.get(id) ?? [];
  const winner = (created.length > 0 ? created : unknown).find((attempt) => attempt.value === values[0]);
  if (winner === undefined) found.push(`${name} holds a value that none of its possible writers sent`);
  else {
    history.owned[winner.writer]?.push({
      id,
      shape: {
        life: "active",
        store: String(row.store_id),
        name,
        description: null,
        labels: null,
        consumers: null,
        values: [winner.value],
      },
      doubt: null,
      revision: Number(row.revision),
      wasRead: false,
    });
  }
  return found;
}

function commonSecret(common: Common, rows: ReadonlyMap<string, Row>, { values }: Opened): string[] {
  const { name, id, acknowledged: known, unknown } = common;
  const row = rows.get(id);
  if (row === undefined) return [`the common secret ${name} is not there`];
  const found: string[] = [];
  const current = Number(row.version);
  const there = values.get(id) ?? [];
  const first = current - there.length + 1;
  for (const [index, value] of there.entries()) {
    const version = first + index;
    const said = known.get(version);
    if (said !== undefined && said !== value)
      found.push(`version ${version} of ${name} is not what was acknowledged`);
    if (said === undefined && !unknown.delete(value ?? "")) {
      found.push(`version ${version} of ${name} holds what nobody can have written`);
    }
    known.set(version, value ?? "");
  }
  for (const version of known.keys()) {
    if (version > current) found.push(`version ${version} of ${name} was acknowledged and is lost`);
    if (version <= current - versionsKept) known.delete(version);
  }
  // What was unknown and is not there never will be.
  unknown.clear();
  return found;
}
