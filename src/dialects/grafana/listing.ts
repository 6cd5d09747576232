// Lists: of one namespace or of all that the caller may list, in the order of names, in pages or whole.
import { limits } from "../../core/limits.ts";
import type { Operations } from "../../core/operations.ts";
import type { Store } from "../../core/stores/store.ts";
import type { At, Kept, Noun } from "./noun.ts";
import type { QueryText } from "./options.ts";
import { continueToken, limitOf, placeOf } from "./paging.ts";
import { kubeObject, type Stored } from "./present.ts";
import { type Selection, selects } from "./selectors.ts";
import { groupVersion } from "./status.ts";
import { type TableForm, table } from "./table.ts";

export interface Objects {
  readonly stored: readonly Stored[];
  readonly revision: number;
  readonly next: string | null;
}

/** Read at once; more than that are read in several turns. */
const turnMax = 1_000;

/** Objects of one namespace, from a place on. Without a limit: all. */
export async function objectsIn<R extends Kept, S>(
  noun: Noun<R, S>,
  at: At,
  selection: Selection,
  query: QueryText = {},
): Promise<Objects> {
  const wanted = limitOf(query.limit);
  const from = placeOf(query.continue);
  let after = from?.namespace === at.namespace ? { name: from.name, id: from.id } : null;
  let revision = from?.revision ?? null;
  const found: Stored[] = [];
  for (;;) {
    const left = wanted === null ? turnMax : wanted - found.length;
    const page = await noun.list(at, { after, limit: Math.min(left, turnMax), selection });
    // All pages tell where the first one stood: a watch goes on from there.
    revision ??= page.revision;
    for (const record of page.items) {
      const stored = noun.stored(record, at.namespace);
      if (noun.isShown(record) && selects(selection, stored)) found.push(stored);
    }
    const last = page.items.at(-1);
    if (!page.more || last === undefined) return { stored: found, revision, next: null };
    after = { name: last.name, id: last.id };
    if (wanted !== null && found.length >= wanted) {
      const place = { revision, namespace: at.namespace, name: last.name, id: last.id };
      return { stored: found, revision, next: continueToken(place) };
    }
  }
}

/** Over all namespaces of which the caller may list the objects, in the order of their names. */
export async function objectsEverywhere<R extends Kept, S>(
  noun: Noun<R, S>,
  { stores }: Pick<Operations, "stores">,
  at: Pick<At, "caller" | "org">,
  selection: Selection,
  query: QueryText,
): Promise<Objects> {
  const wanted = limitOf(query.limit);
  const from = placeOf(query.continue);
  const found: Stored[] = [];
  let revision = from?.revision ?? null;
  for await (const store of storesFrom(stores, at, from?.namespace ?? null)) {
    const here = { ...at, store, namespace: store.slug };
    const left = wanted === null ? {} : { limit: String(wanted - found.length) };
    const asked = { ...left, ...(query.continue === undefined ? {} : { continue: query.continue }) };
    const page = await objectsIn(noun, here, selection, asked);
    revision ??= page.revision;
    found.push(...page.stored);
    if (page.next !== null) return { stored: found, revision, next: page.next };
    if (wanted !== null && found.length >= wanted) {
      const last = found.at(-1);
      // The next page begins with the next namespace; there may be nothing in it.
      const place = { revision, namespace: store.slug, name: last?.name ?? "", id: last?.id ?? "" };
      return { stored: found, revision, next: continueToken(place) };
    }
  }
  return { stored: found, revision: revision ?? 0, next: null };
}

async function* storesFrom(
  stores: Operations["stores"],
  { caller, org }: Pick<At, "caller" | "org">,
  first: string | null,
): AsyncGenerator<Store> {
  // The list begins after a slug; the one it is to begin with comes first.
  if (first !== null) {
    const known = await stores.list(caller, org, { after: before(first), limit: 1 });
    for (const store of known.items) if (store.slug === first) yield store;
  }
  for (let after = first; ; ) {
    const page = await stores.list(caller, org, { after, limit: limits.nativePageMax });
    yield* page.items;
    const last = page.items.at(-1);
    if (page.next === null || last === undefined) return;
    after = last.slug;
  }
}

/** The greatest text that comes before this one and before no shorter slug: the slug without its end. */
function before(slug: string): string {
  const code = slug.charCodeAt(slug.length - 1);
  return `${slug.slice(0, -1)}${String.fromCharCode(code - 1)}~`;
}

export function presentList<R extends Kept, S>(
  noun: Noun<R, S>,
  { stored, revision, next }: Objects,
  form: TableForm | "plain",
): unknown {
  const metadata = { resourceVersion: String(revision), ...(next === null ? {} : { continue: next }) };
  if (form !== "plain") return presentTable(noun, stored, form, metadata);
  const items = stored.map((each) => kubeObject(noun.kind, each));
  return { kind: `${noun.kind}List`, apiVersion: groupVersion, metadata, items };
}

export function presentTable<R extends Kept, S>(
  noun: Noun<R, S>,
  stored: readonly Stored[],
  form: TableForm,
  metadata: Readonly<{ [member: string]: unknown }>,
): unknown {
  const rows = stored.map((each) => ({ cells: noun.cells(each), object: kubeObject(noun.kind, each) }));
  return table(form, metadata, noun.columns, rows);
}

export function presentOne<R extends Kept, S>(
  noun: Noun<R, S>,
  stored: Stored,
  form: TableForm | "plain",
): unknown {
  if (form === "plain") return kubeObject(noun.kind, stored);
  return presentTable(noun, [stored], form, { resourceVersion: String(stored.revision ?? "") });
}
