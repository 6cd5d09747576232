// Whether the tables are whole in themselves: nothing half applied, no counter that counts something
// else, no revision without its change. It needs no history.
import type { Row, Tables } from "./tables.ts";

const versionsKept = 100;

export interface Told {
  readonly revision: number;
  readonly purged: boolean;
}

/** `newest` is the newest change of each secret, of all changes ever read. */
export function wholeness(
  tables: Tables,
  values: ReadonlyMap<string, readonly (string | null)[]>,
  newest: ReadonlyMap<string, Told>,
): string[] {
  const there = new Set(tables.secrets.map(({ id }) => id));
  return [
    ...tables.secrets.flatMap((secret) => secretWhole(secret, tables, values, newest)),
    ...orphans(tables),
    ...counters(tables),
    ...[...newest].flatMap(([id, { purged }]) =>
      purged === there.has(id)
        ? [`secret ${id} ${purged ? "was purged and has a row" : "has changes and no row"}`]
        : [],
    ),
  ];
}

function secretWhole(
  secret: Row,
  tables: Tables,
  values: ReadonlyMap<string, readonly (string | null)[]>,
  newest: ReadonlyMap<string, Told>,
): string[] {
  const id = String(secret.id);
  const found: string[] = [];
  const current = Number(secret.version);
  const versions = tables.versions.filter((version) => version.secret_id === id);
  const first = Math.max(1, current - versionsKept + 1);
  const wanted = Array.from({ length: Math.max(0, current - first + 1) }, (_, index) => first + index);
  const numbers = versions.map((version) => Number(version.number));
  if (numbers.join() !== wanted.join()) {
    found.push(`secret ${id} is at version ${current} and has the versions ${numbers.join(" ")}`);
  }
  for (const version of versions) {
    const isCurrent = version.id === secret.version_id;
    if (isCurrent !== (Number(version.number) === current) || version.state !== stateOf(isCurrent)) {
      found.push(`version ${version.number} of secret ${id} is ${version.state}, current: ${isCurrent}`);
    }
  }
  if (current === 0 && secret.version_id !== null) found.push(`secret ${id} without versions names one`);
  for (const [index, value] of (values.get(id) ?? []).entries()) {
    if (value === null) found.push(`version ${numbers[index]} of secret ${id} does not open`);
  }
  if (Number(secret.revision) !== newest.get(id)?.revision) {
    found.push(
      `secret ${id} is at revision ${secret.revision}, its newest change at ${newest.get(id)?.revision}`,
    );
  }
  const labels = tables.labels.filter((label) => label.secret_id === id);
  const pairs = labels.map((label): [string, string] => [String(label.key), String(label.value)]);
  if (sorted(pairs) !== sorted(Object.entries(parsed(secret.labels) ?? {}))) {
    found.push(`the labels of secret ${id} differ between its row and their table`);
  }
  const consumers = tables.consumers.filter((consumer) => consumer.secret_id === id);
  const names = consumers.map(({ consumer }) => String(consumer));
  if (sorted(names) !== sorted(Object.values(parsed(secret.consumers) ?? {}))) {
    found.push(`the consumers of secret ${id} differ between its row and their table`);
  }
  return found;
}

function stateOf(isCurrent: boolean): string {
  return isCurrent ? "active" : "superseded";
}

function orphans({ secrets, versions, labels, consumers }: Tables): string[] {
  const ids = new Set(secrets.map((secret) => secret.id));
  return Object.entries({ versions, labels, consumers }).flatMap(([table, rows]) =>
    rows.flatMap((row) =>
      ids.has(row.secret_id) ? [] : [`${table} has a row of no secret: ${row.secret_id}`],
    ),
  );
}

function counters({ organizations, secrets, stores }: Tables): string[] {
  return organizations.flatMap((organization) => {
    const of = (rows: readonly Row[]) => rows.filter((row) => row.organization_id === organization.id);
    const live = of(secrets).filter((secret) => secret.state === "active" || secret.state === "creating");
    const counted: [string, unknown, number][] = [
      ["secrets", organization.secrets, live.length],
      ["stores", organization.stores, of(stores).length],
    ];
    return counted.flatMap(([what, said, are]) =>
      Number(said) === are ? [] : [`the organization counts ${said} ${what}, there are ${are}`],
    );
  });
}

export function parsed(json: unknown): Record<string, unknown> | null {
  return typeof json === "string" ? JSON.parse(json) : null;
}

function sorted(items: readonly unknown[]): string {
  return items
    .map((item) => JSON.stringify(item))
    .sort()
    .join();
}
