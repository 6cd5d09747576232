// The routes of SecureValue beyond those that every kind has: over all namespaces, watches, and the
// deletion of many.
import { CofferError } from "../../../core/errors.ts";
import { objectsEverywhere, objectsIn, presentList } from "../listing.ts";
import { isYes, writeOptions } from "../options.ts";
import { type Asked, route, type Site } from "../route.ts";
import { isReachable, secureValueNoun } from "../securevalue.ts";
import { selectionOf } from "../selectors.ts";
import { type Answer, group, groupVersion, isAnswer, success } from "../status.ts";
import { demandVersion, type View, watch } from "../watch.ts";
import { deletion, formOf, objectRoutes } from "./objects.ts";

const together = 1_000;

export function secureValueRoutes(site: Site): void {
  const { operations } = site;
  const noun = secureValueNoun(operations);
  const everywhere = `/apis/${groupVersion}/${noun.resource}`;

  const watched = async (asked: Asked, of: "namespace" | "all"): Promise<"sent" | Answer> => {
    const { at, query, request, reply } = asked;
    const form = formOf(asked);
    if (typeof form === "object" && isAnswer(form)) return form;
    const selection = selectionOf(query);
    demandVersion(query);
    const one = of === "namespace";
    const view: View = {
      storeId: one ? at.store.id : null,
      selection,
      namespaceOf: one ? () => at.namespace : ({ storeSlug }) => storeSlug ?? "",
      stored: noun.stored,
      isShown: ({ name }) => isReachable(name),
    };
    const list = () =>
      one ? objectsIn(noun, at, selection) : objectsEverywhere(noun, operations, at, selection, {});
    reply.hijack();
    const onFault = ({ code }: CofferError) =>
      request.log.error({ requestId: request.id, code }, "watch failed");
    await watch(reply.raw, { operations, noun, at, view, query, form, list, requestId: request.id, onFault });
    return "sent";
  };

  objectRoutes(site, {
    noun,
    scopes: {
      read: "secret.securevalues:read",
      create: "secret.securevalues:create",
      write: "secret.securevalues:write",
      delete: "secret.securevalues:delete",
    },
    watch: (asked) => watched(asked, "namespace"),
  });

  route(
    site,
    {
      method: "GET",
      url: everywhere,
      verb: ({ watch: wanted }) => (isYes(wanted) ? "watch" : "list"),
      noun,
      scope: "secret.securevalues:read",
      action: "secret.list",
      on: "everywhere",
    },
    async (asked) => {
      const { at, query } = asked;
      if (isYes(query.watch) && asked.request.method === "GET") return watched(asked, "all");
      const form = formOf(asked);
      if (typeof form === "object" && isAnswer(form)) return form;
      const objects = await objectsEverywhere(noun, operations, at, selectionOf(query), query);
      return { status: 200, body: presentList(noun, objects, form) };
    },
  );

  route(
    site,
    {
      method: "DELETE",
      url: `/apis/${groupVersion}/namespaces/:namespace/${noun.resource}`,
      verb: () => "deletecollection",
      noun,
      scope: "secret.securevalues:delete",
      action: "secret.delete",
      on: "some",
    },
    async (asked) => {
      const { at, query } = asked;
      const options = writeOptions("DeleteOptions", query, { dryRuns: deletion(asked).dryRun ?? [] });
      if (isAnswer(options)) return options;
      const { stored } = await objectsIn(noun, at, selectionOf(query));
      const ids = options.dryRun ? [] : stored.map(({ id }) => ({ id }));
      for (let from = 0; from < ids.length; from += together)
        await removed(asked, ids.slice(from, from + together));
      return success({ group, kind: noun.resource });
    },
  );

  /** At once, or one by one where something of it is gone already or is not the caller's to delete. */
  const removed = async ({ at }: Asked, ids: readonly { id: string }[]): Promise<void> => {
    const place = [at.caller, at.org, { id: at.store.id }] as const;
    const options = { removal: "purge" } as const;
    try {
      await operations.secrets.removeAll(...place, ids, options);
    } catch (error) {
      if (!isPassedOver(error)) throw error;
      if (ids.length === 1) return;
      for (const each of ids) await removed({ at } as Asked, [each]);
    }
  };
}

function isPassedOver(error: unknown): boolean {
  return (
    error instanceof CofferError &&
    ["secret.not_found", "store.not_found", "caller.denied"].includes(error.code)
  );
}
