// The stores of an account, and how many secrets there may be in all of them.
import type { Action } from "../../../core/actions.ts";
import { flagOf, pageAsked, storeOrder } from "../lists.ts";
import { account, idRef } from "../places.ts";
import * as present from "../present.ts";
import { route, type Site } from "../route.ts";
import * as schema from "../schema.ts";
import { asks } from "../scopes.ts";
import * as validation from "../validation.ts";
import { inWords } from "../words.ts";

interface AccountPath {
  readonly account: string;
}

interface StorePath extends AccountPath {
  readonly store: string;
}

const inAccount = "/accounts/:account/secrets_store";
const all = `${inAccount}/stores`;
const one = `${all}/:store`;

export function storeRoutes(site: Site): void {
  const { stores, organizations } = site.operations;

  route<AccountPath, typeof schema.stores>(
    site,
    {
      method: "GET",
      url: all,
      answer: schema.stores,
      intent: () => ({ ...asks("read", "store.list"), place: "anywhere" }),
    },
    async (request) => {
      const { caller, params } = request;
      const asked = pageAsked(request);
      const page = await stores.list(caller, account(params.account), {
        offset: asked.offset,
        limit: asked.perPage,
        order: storeOrder(request),
        totals: true,
      });
      return present.listed(page.items.map(present.store), asked, page.total ?? 0);
    },
  );

  route<AccountPath, typeof schema.storeOrStores>(
    site,
    {
      method: "POST",
      url: all,
      answer: schema.storeOrStores,
      intent: () => ({ ...asks("write", "store.create"), place: "organization" }),
    },
    async ({ caller, params, body }) => {
      const { names, form } = validation.newStores(body);
      const asked = names.map((name) => ({ name, uniqueName: true }));
      const made = await stores.createAll(caller, account(params.account), asked).catch(
        inWords(({ code, details: { index = 0 } }) => {
          if (code !== "store.slug_taken") return null;
          const pointer = form === "list" ? `/${index}/name` : "/name";
          return { text: "store_name_already_exists", pointer };
        }),
      );
      const shown = made.map(present.store);
      const [first] = shown;
      return present.done(form === "one" && first !== undefined ? first : shown);
    },
  );

  route<StorePath, typeof schema.store>(
    site,
    { method: "GET", url: one, answer: schema.store, intent: onStore("read", "store.read") },
    async ({ caller, params }) => {
      const found = await stores.get(caller, account(params.account), idRef(params.store));
      return present.done(present.store(found));
    },
  );

  route<StorePath, typeof schema.nothing>(
    site,
    { method: "DELETE", url: one, answer: schema.nothing, intent: onStore("write", "store.delete") },
    async (request) => {
      const { caller, params } = request;
      const options = { force: flagOf(request, "force"), removal: "trash" } as const;
      await stores.remove(caller, account(params.account), idRef(params.store), options);
      return present.done(null);
    },
  );

  route<AccountPath, typeof schema.quota>(
    site,
    {
      method: "GET",
      url: `${inAccount}/quota`,
      answer: schema.quota,
      intent: () => ({ ...asks("read", "organization.read"), place: "organization" }),
    },
    async ({ caller, params }) =>
      present.done(present.quota(await organizations.get(caller, account(params.account)))),
  );
}

function onStore(permission: "read" | "write", action: Action) {
  return ({ store }: StorePath) => ({ ...asks(permission, action), place: { store: idRef(store) } });
}
