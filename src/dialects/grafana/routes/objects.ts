// The routes of one kind of object in a namespace: create, list, read, replace, patch and delete.
import { CofferError } from "../../../core/errors.ts";
import { decode, parseBody } from "../decode.ts";
import { objectsIn, presentList, presentOne } from "../listing.ts";
import { bodyForm } from "../media.ts";
import type { Kept, Noun } from "../noun.ts";
import { isYes, writeOptions } from "../options.ts";
import { patchedBy } from "../patching.ts";
import { type Asked, type Declared, route, type Site } from "../route.ts";
import { type DeleteOptions, deleteOptions, type Wire } from "../schema.ts";
import type { scopes } from "../scopes.ts";
import { selectionOf } from "../selectors.ts";
import {
  type Answer,
  conflict,
  failure,
  group,
  groupVersion,
  invalid,
  isAnswer,
  modified,
  otherUid,
  success,
} from "../status.ts";
import { negotiated, type TableForm } from "../table.ts";
import { create, heeded, update } from "../writing.ts";

type ScopeName = keyof typeof scopes;

export interface ObjectRoutes<R extends Kept, S> {
  readonly noun: Noun<R, S>;
  readonly scopes: Readonly<{ [V in "read" | "create" | "write" | "delete"]: ScopeName }>;
  /** Null: this kind cannot be watched. */
  readonly watch: ((asked: Asked) => Promise<"sent" | Answer>) | null;
}

export function objectRoutes<R extends Kept, S>(site: Site, parts: ObjectRoutes<R, S>): string[] {
  const { noun, scopes, watch } = parts;
  const all = `/apis/${groupVersion}/namespaces/:namespace/${noun.resource}`;
  const one = `${all}/:name`;
  const named = (name: string) => ({ resource: noun.resource, kind: noun.kind, name });
  const declare = (
    method: Declared["method"],
    on: "object" | "some",
    verb: string,
    right: keyof Noun<R, S>["rights"],
    scope: ScopeName,
  ): Declared => ({
    method,
    url: on === "object" ? one : all,
    verb: (query) => (verb === "list" && isYes(query.watch) ? "watch" : verb),
    noun,
    scope,
    action: noun.rights[right],
    on,
  });

  route(site, declare("GET", "some", "list", "list", scopes.read), async (asked) => {
    const { at, query } = asked;
    if (isYes(query.watch) && asked.request.method === "GET") {
      if (watch === null) throw new CofferError("route.method", "This kind cannot be watched.");
      return watch(asked);
    }
    const form = formOf(asked);
    if (typeof form === "object" && isAnswer(form)) return form;
    const objects = await objectsIn(noun, at, selectionOf(query), query);
    return { status: 200, body: presentList(noun, objects, form) };
  });

  route(
    site,
    declare("POST", "some", "create", "create", scopes.create),
    async ({ at, query, body, request }) => {
      const options = writeOptions("CreateOptions", query);
      if (isAnswer(options)) return options;
      const parsed = parseBody(body, bodyForm(request.headers["content-type"]), noun.kind);
      const decoded = decode<Wire<S>>(noun.struct, parsed);
      const { object, headers } = heeded(noun.kind, decoded, options.fieldValidation);
      return { ...(await create(noun, at, object, options)), headers };
    },
  );

  route(site, declare("GET", "object", "get", "read", scopes.read), async (asked) => {
    const form = formOf(asked);
    if (typeof form === "object" && isAnswer(form)) return form;
    const stored = noun.stored(await noun.get(asked.at, asked.name), asked.at.namespace);
    return { status: 200, body: presentOne(noun, stored, form) };
  });

  route(site, declare("PUT", "object", "update", "write", scopes.write), async (asked) => {
    const { at, name, query, body, request } = asked;
    const options = writeOptions("UpdateOptions", query);
    if (isAnswer(options)) return options;
    const parsed = parseBody(body, bodyForm(request.headers["content-type"]), noun.kind);
    const decoded = decode<Wire<S>>(noun.struct, parsed);
    const { object, headers } = heeded(noun.kind, decoded, options.fieldValidation);
    demandSame("name", object.metadata?.name, name);
    demandSame("namespace", object.metadata?.namespace, at.namespace);
    return { ...(await update(noun, at, name, () => object, options)), headers };
  });

  route(site, declare("PATCH", "object", "patch", "write", scopes.write), (asked) => patchedBy(noun, asked));

  route(site, declare("DELETE", "object", "delete", "delete", scopes.delete), async (asked) => {
    const { at, name, query } = asked;
    const given = deletion(asked);
    const options = writeOptions("DeleteOptions", query, { dryRuns: given.dryRun ?? [] });
    if (isAnswer(options)) return options;
    const { uid = "", resourceVersion = "" } = given.preconditions ?? {};
    const details = (id: string) =>
      success({ name, group, kind: noun.resource, ...(id === "" ? {} : { uid: id }) });
    if (uid !== "" || resourceVersion !== "" || options.dryRun) {
      const found = await noun.get(at, name);
      if (uid !== "" && uid !== found.id) return conflict(named(name), otherUid(uid.slice(0, 64), found.id));
      if (resourceVersion !== "" && resourceVersion !== String(found.revision))
        return conflict(named(name), modified);
      if (options.dryRun) return details(found.id);
    }
    const removed = await noun.remove(at, name, {
      ...(uid === "" ? {} : { id: uid }),
      ...(resourceVersion === "" ? {} : { revisions: [Number(resourceVersion)] }),
    });
    if (typeof removed === "string") return details(removed);
    return invalid({ kind: noun.kind, group, name }, removed);
  });

  return [all, one];
}

/** The options of a delete: clients send none, an empty body, or an object. */
export function deletion({ body }: Pick<Asked, "body">): DeleteOptions {
  if (body === undefined || body.length === 0) return {};
  return decode<DeleteOptions>(deleteOptions, parseBody(body, "json", "DeleteOptions")).object;
}

export function formOf({ request, query }: Pick<Asked, "request" | "query">): TableForm | "plain" | Answer {
  const form = negotiated(request.headers.accept, query.includeObject);
  if (form !== null) return form;
  const message = "only the following media types are accepted: application/json";
  return failure(406, "NotAcceptable", message);
}

function demandSame(what: "name" | "namespace", given: string | undefined, wanted: string): void {
  if (given === undefined || given === "" || given === wanted) return;
  const on = what === "name" ? "the name on the URL" : "the namespace on the request";
  const message = `the ${what} of the object (${given.slice(0, 256)}) does not match ${on} (${wanted})`;
  throw new CofferError("request.invalid", message, { field: `metadata.${what}` });
}
