// What a dialect may do with its documents.
import type { Action } from "../actions.ts";
import type { Caller } from "../caller.ts";
import { CofferError } from "../errors.ts";
import { limits } from "../limits.ts";
import { callOf, read } from "../operation.ts";
import type { Directory } from "../organizations/directory.ts";
import type { Ref } from "../organizations/organization.ts";
import { type Page, pageOf } from "../pagination.ts";
import type { Context } from "../ports.ts";
import type { Precondition } from "../secrets/update.ts";
import type { Attributes } from "../stores/store.ts";
import { type Document, documentTarget, parseDocumentBody, parseDocumentName } from "./document.ts";
import { getDocument, listDocuments } from "./read.ts";
import { createDocument, removeDocument, updateDocument } from "./write.ts";

interface Place {
  readonly store: Ref;
  readonly kind: string;
}

export interface DocumentOperations {
  create(
    caller: Caller,
    org: Ref,
    place: Place,
    document: { readonly name: string; readonly body: Attributes },
    options?: { readonly dryRun?: boolean },
  ): Promise<Document>;
  get(caller: Caller, org: Ref, place: Place, name: string): Promise<Document>;
  list(
    caller: Caller,
    org: Ref,
    place: Place,
    page: { readonly after: string | null; readonly limit: number },
  ): Promise<Page<Document> & { readonly revision: number }>;
  /** As `modify` of secrets: `change` must not have effects of its own. */
  modify(
    caller: Caller,
    org: Ref,
    place: Place,
    name: string,
    change: (current: Document) => Attributes,
    options?: Precondition & { readonly dryRun?: boolean },
  ): Promise<Document>;
  remove(
    caller: Caller,
    org: Ref,
    place: Place,
    name: string,
    precondition?: Precondition,
  ): Promise<Document>;
}

export function documentOperations(ctx: Context, directory: Directory): DocumentOperations {
  const callIn = async (caller: Caller, org: Ref, place: Place, action: Action, name: string | null) => {
    const { id } = await directory.locate(caller, org, action, documentTarget({ name }));
    return { ...callOf(ctx, caller), organizationId: id, store: place.store, kind: place.kind };
  };
  const reading = (name: string | null) =>
    ({ action: "store.read", target: documentTarget({ name }) }) as const;

  const get: DocumentOperations["get"] = async (caller, org, place, name) => {
    const call = await callIn(caller, org, place, "store.read", name);
    return read(ctx, { query: getDocument, ...reading(name), where: "point" }, { ...call, name });
  };

  return {
    get,
    async create(caller, org, place, document, { dryRun = false } = {}) {
      const name = parseDocumentName(document.name);
      const body = parseDocumentBody(document.body);
      const call = await callIn(caller, org, place, "store.update", name);
      return ctx.database.execute(createDocument, { ...call, id: ctx.ids.next(), name, body, dryRun });
    },
    async list(caller, org, place, { after, limit }) {
      const call = await callIn(caller, org, place, "store.read", null);
      const input = { ...call, after, limit };
      const { rows, revision } = await read(
        ctx,
        { query: listDocuments, ...reading(null), where: "scan" },
        input,
      );
      return { ...pageOf(rows, limit, ({ id, name }) => ({ key: name, id })), revision };
    },
    async modify(caller, org, place, name, change, { dryRun = false, ...given } = {}) {
      for (let turn = 0; ; turn += 1) {
        const current = await get(caller, org, place, name);
        const precondition = { ...given, revisions: given.revisions ?? [current.revision] };
        const body = parseDocumentBody(change(current));
        const call = await callIn(caller, org, place, "store.update", name);
        try {
          return await ctx.database.execute(updateDocument, { ...call, name, body, precondition, dryRun });
        } catch (error) {
          const raced = error instanceof CofferError && error.code === "precondition.failed";
          if (!raced || given.revisions !== undefined || turn >= limits.redecideMax) throw error;
        }
      }
    },
    async remove(caller, org, place, name, precondition = {}) {
      const call = await callIn(caller, org, place, "store.update", name);
      return ctx.database.execute(removeDocument, { ...call, name, precondition });
    },
  };
}
