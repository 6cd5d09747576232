// The trash of an organization: listing, restoring, and deleting for good. Named by id: a name may
// have been given away again.
import { Type } from "typebox";
import type { Operations } from "../../../core/operations.ts";
import { wirePage } from "../pages.ts";
import * as present from "../present.ts";
import { placeRef, secretId } from "../refs.ts";
import { type Route, route } from "../route.ts";
import * as schema from "../schema.ts";
import { secretsAsked } from "../secret-lists.ts";
import { showSecret } from "./secrets.ts";

const all = "/v1/organizations/:org/trash";
const one = `${all}/:id` as const;

/** Beside the trash: what was purged and still lies in another backend. */
const trashQuery = schema.strict({
  ...schema.paging,
  status: Type.Optional(schema.oneOf(["trashed", "deleting"])),
});

export function trashRoutes(operations: Operations): readonly Route[] {
  const { organizations, secrets } = operations;
  const show = showSecret(operations);
  return [
    route(
      {
        method: "GET",
        url: all,
        operationId: "listTrash",
        summary: "What was deleted and can still be restored; or what is being deleted for good",
        query: trashQuery,
        status: 200,
        answer: schema.page(schema.trashed),
      },
      async ({ caller, params, query }) => {
        const org = placeRef("organization", params.org);
        const { status = "trashed", ...paging } = query;
        const asked = secretsAsked(status === "trashed" ? "trash" : status, [params.org], paging);
        const page = await secrets.trash(caller, org, asked.query, status);
        const custody = await organizations.custody(caller, org);
        return wirePage(asked.list, page, (secret) => present.trashed(secret, custody));
      },
    ),

    route(
      {
        method: "POST",
        url: `${one}/restore`,
        operationId: "restoreSecret",
        summary: "Take a secret out of the trash, under another name where its own is taken",
        body: schema.trashRestore,
        status: 200,
        answer: schema.secret,
      },
      async ({ caller, params, body }, reply) => {
        const org = placeRef("organization", params.org);
        const name = body?.name ?? null;
        return show(reply, caller, org, await secrets.restore(caller, org, secretId(params.id), name));
      },
    ),

    route(
      {
        method: "DELETE",
        url: one,
        operationId: "purgeTrashed",
        summary: "Delete for good, with all versions",
        status: 204,
      },
      async ({ caller, params }) => {
        await secrets.purge(caller, placeRef("organization", params.org), secretId(params.id));
      },
    ),
  ];
}
