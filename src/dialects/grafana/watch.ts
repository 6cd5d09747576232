// Watches: a stream of what happens to the objects of a selection, from the change feed. An object that
// begins to match is added, one that ceases to is deleted, whatever was done to it. What the feed does not
// tell any more ends the stream with an error, and the client lists anew.
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { ToldChange } from "../../core/changes.ts";
import { CofferError } from "../../core/errors.ts";
import type { Operations } from "../../core/operations.ts";
import type { Secret } from "../../core/secrets/secret.ts";
import { toCofferError } from "../../http/faults.ts";
import { presentError } from "./errors.ts";
import { type Objects, presentOne } from "./listing.ts";
import type { At, Noun } from "./noun.ts";
import { isYes, type QueryText } from "./options.ts";
import { bookmark, type Stored } from "./present.ts";
import type { SecureValueSpec } from "./schema.ts";
import { type Selection, selects } from "./selectors.ts";
import { expired } from "./status.ts";
import type { TableForm } from "./table.ts";

export interface Event {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly stored: Stored;
}

/** What a watch looks at. */
export interface View {
  /** Null: every store. */
  readonly storeId: string | null;
  readonly selection: Selection;
  /** The namespace of a change in it. */
  readonly namespaceOf: (change: ToldChange) => string;
  readonly stored: (secret: Secret, namespace: string) => Stored;
  readonly isShown: (secret: Pick<Secret, "name">) => boolean;
}

/** What one change is to a watch: nothing, an event, or two where the object has another name now. */
export function eventsOf(change: ToldChange, view: View): readonly Event[] {
  const { after, kind, storeId } = change;
  if (!kind.startsWith("secret.")) return [];
  if (after === null) return leftSight(change, view);
  // Over all namespaces: the feed does not say how the one was called that it left.
  if (view.storeId === null && change.storeIdBefore !== null) throw startOver();
  const namespace = view.namespaceOf(change);
  const live = after.state === "active" && kind !== "secret.purged";
  // One that moved here from where the caller may not look was not there before.
  const arrived = kind === "secret.moved" && change.storeIdBefore === null;
  const existed = kind !== "secret.created" && kind !== "secret.restored" && !arrived;
  const isIn = (id: string | null) => view.storeId === null || id === view.storeId;
  const now = { ...after, revision: change.revision };
  const then: Secret = { ...now, name: change.nameBefore ?? after.name, labels: change.labelsBefore };
  const matches = (secret: Secret) =>
    view.isShown(secret) && selects(view.selection, { ...secret, namespace });
  const before = existed && isIn(change.storeIdBefore ?? storeId) && matches(then);
  const here = live && isIn(storeId) && matches(now);
  const gone: Event = { type: "DELETED", stored: view.stored(then, namespace) };
  const shown = view.stored(now, namespace);
  if (before && here) {
    return then.name !== now.name
      ? [gone, { type: "ADDED", stored: shown }]
      : [{ type: "MODIFIED", stored: shown }];
  }
  if (before) return [gone];
  return here ? [{ type: "ADDED", stored: shown }] : [];
}

/**
 * It went where the caller may not look, and he hears no more of it than its name. What is purged from the
 * trash was gone before.
 */
function leftSight({ kind, at, ...change }: ToldChange, view: View): readonly Event[] {
  const { name, secretId, storeId, revision, labelsBefore: labels } = change;
  if (kind === "secret.purged" || name === null || secretId === null) return [];
  if (view.storeId === null) throw startOver();
  const namespace = view.namespaceOf({ kind, at, ...change });
  const shown = view.isShown({ name }) && selects(view.selection, { name, namespace, labels });
  if (storeId !== view.storeId || !shown) return [];
  const nobody = { kind: "system", id: "coffer", name: "" } as const;
  const stored: Stored = {
    id: secretId,
    name,
    namespace,
    revision,
    generation: 1,
    createdAt: at,
    createdBy: nobody,
    updatedAt: null,
    updatedBy: null,
    labels: labels ?? {},
    annotations: {},
    generateName: null,
    owners: [],
    spec: { description: "" },
    status: null,
  };
  return [{ type: "DELETED", stored }];
}

function startOver(): CofferError {
  return new CofferError("feed.too_old", "An object went to another namespace; list anew.");
}

export interface WatchParts {
  readonly operations: Pick<Operations, "feed">;
  readonly noun: Noun<Secret, SecureValueSpec>;
  readonly at: Pick<At, "caller" | "org">;
  readonly view: View;
  readonly query: QueryText;
  readonly form: TableForm | "plain";
  /** All that matches now, for a client that begins with nothing. */
  readonly list: () => Promise<Objects>;
  readonly requestId: string;
  /** Of a fault of the server. */
  readonly onFault: (error: CofferError) => void;
}

const turnSeconds = 15;
const pageMax = 500;
const bookmarkEveryMs = 60_000;
const secondsMax = 1_800;

/** Without a bound of the client's: half an hour at least, so that not all come back at once. */
function durationMs(text: string | undefined): number {
  const asked = text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (asked > 0) return Math.min(asked, secondsMax) * 1_000;
  return (secondsMax + Math.floor(Math.random() * secondsMax)) * 1_000;
}

export async function watch(raw: ServerResponse, parts: WatchParts): Promise<void> {
  const { noun, query, form } = parts;
  // The request's own end comes with its empty body; the response's when the client has gone.
  let open = true;
  let leave = () => {};
  const left = new Promise<void>((resolve) => {
    leave = () => {
      open = false;
      resolve();
    };
  });
  raw.once("close", leave);
  const timer = setTimeout(leave, durationMs(query.timeoutSeconds));
  raw.writeHead(200, {
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-request-id": parts.requestId,
    // A connection that has ended its watch holds up no server that stops.
    connection: "close",
  });
  raw.flushHeaders();
  const write = async (type: string, object: unknown) => {
    if (!open) return;
    if (!raw.write(`${JSON.stringify({ type, object })}\n`)) await Promise.race([once(raw, "drain"), left]);
  };
  const tell = (type: string, stored: Stored) => write(type, presentOne(noun, stored, form));
  try {
    await stream({ ...parts, write, tell, isOpen: () => open, left });
  } catch (error) {
    await write("ERROR", statusOf(error, parts));
  } finally {
    clearTimeout(timer);
    raw.off("close", leave);
    raw.end();
  }
}

interface Stream extends WatchParts {
  readonly write: (type: string, object: unknown) => Promise<void>;
  readonly tell: (type: string, stored: Stored) => Promise<void>;
  readonly isOpen: () => boolean;
  readonly left: Promise<void>;
}

async function stream(parts: Stream): Promise<void> {
  const { operations, at, view, query, noun, write, tell, isOpen, left } = parts;
  const bookmarks = isYes(query.allowWatchBookmarks);
  let since = await begin(parts);
  let marked = Date.now();
  while (isOpen() && !operations.feed.released) {
    const options = { waitSeconds: turnSeconds, limit: pageMax };
    const page = await Promise.race([operations.feed.changes(at.caller, at.org, since, options), left]);
    if (page === undefined) return;
    for (const change of page.items) {
      for (const event of eventsOf(change, view)) await tell(event.type, event.stored);
    }
    since = page.revision;
    if (bookmarks && Date.now() - marked >= bookmarkEveryMs) {
      await write("BOOKMARK", bookmark(noun.kind, since, false));
      marked = Date.now();
    }
  }
}

/** The revision from which the feed goes on. */
async function begin({ query, list, tell, write, noun }: Stream): Promise<number> {
  const { resourceVersion = "" } = query;
  const initial = isYes(query.sendInitialEvents);
  if (resourceVersion !== "" && resourceVersion !== "0" && !initial) return Number(resourceVersion);
  const objects = await list();
  for (const stored of objects.stored) await tell("ADDED", stored);
  if (initial) await write("BOOKMARK", bookmark(noun.kind, objects.revision, true));
  return objects.revision;
}

function statusOf(thrown: unknown, { query, requestId, onFault }: WatchParts): unknown {
  const error = toCofferError(thrown);
  if (error.code === "internal") onFault(error);
  if (error.code === "feed.too_old") {
    const { revision = 0 } = error.details;
    return expired(`too old resource version: ${query.resourceVersion ?? "0"} (${revision})`).body;
  }
  return presentError(error, { requestId, method: "GET", path: "/apis", headers: {} }).body;
}

/** A version that is none of ours is refused before a stream begins. */
export function demandVersion({ resourceVersion = "" }: QueryText): void {
  if (resourceVersion === "" || /^\d{1,15}$/.test(resourceVersion)) return;
  throw new CofferError("request.invalid", "resourceVersion: Invalid value: it must be a version of a list", {
    field: "resourceVersion",
  });
}
