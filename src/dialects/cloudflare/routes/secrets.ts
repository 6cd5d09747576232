// The secrets of a store, by their metadata. Values come in here and never go out.
import type { Action } from "../../../core/actions.ts";
import { pageAsked, secretsAsked } from "../lists.ts";
import { account, idRef } from "../places.ts";
import * as present from "../present.ts";
import { route, type Site } from "../route.ts";
import * as schema from "../schema.ts";
import { asks } from "../scopes.ts";
import * as validation from "../validation.ts";
import { inWords } from "../words.ts";

interface StorePath {
  readonly account: string;
  readonly store: string;
}

interface SecretPath extends StorePath {
  readonly secret: string;
}

const all = "/accounts/:account/secrets_store/stores/:store/secrets";
const one = `${all}/:secret`;

/** A hundred values of the longest, escaped as JSON. */
const bulkBytesMax = 16 * 1024 * 1024;

export function secretRoutes(site: Site): void {
  const { secrets } = site.operations;
  const { scopeNames } = site;

  route<StorePath, typeof schema.secrets>(
    site,
    { method: "GET", url: all, answer: schema.secrets, intent: inStore("read", "secret.list") },
    async (request) => {
      const { caller, params } = request;
      const asked = pageAsked(request);
      const page = await secrets.list(caller, account(params.account), idRef(params.store), {
        ...secretsAsked(request),
        offset: asked.offset,
        limit: asked.perPage,
        totals: true,
      });
      return present.listed(page.items.map(present.secret), asked, page.total ?? 0);
    },
  );

  route<StorePath, typeof schema.createdSecrets>(
    site,
    {
      method: "POST",
      url: all,
      answer: schema.createdSecrets,
      bodyBytesMax: bulkBytesMax,
      intent: inStore("write", "secret.create"),
    },
    async ({ caller, params, body }) => {
      const asked = validation.newSecrets(body, scopeNames);
      const created = await secrets
        .createAll(caller, account(params.account), idRef(params.store), asked)
        .catch(
          inWords(({ code, details: { index = 0 } }) =>
            code === "secret.name_taken" ? taken(asked[index]?.name ?? "", `/${index}`) : null,
          ),
        );
      return present.done(created.map(present.secret));
    },
  );

  route<StorePath, typeof schema.nothing>(
    site,
    {
      method: "DELETE",
      url: all,
      answer: schema.nothing,
      bodyBytesMax: bulkBytesMax,
      intent: inStore("write", "secret.delete"),
    },
    async ({ caller, params, body }) => {
      const ids = validation.deletions(body);
      const place = [account(params.account), idRef(params.store)] as const;
      await secrets
        .removeAll(caller, ...place, ids.map(idRef), { removal: "trash" })
        .catch(
          inWords(({ code, details: { index = 0 } }) =>
            code === "secret.not_found"
              ? { text: `secret_not_found${validation.suffix(ids[index])}`, pointer: `/${index}/id` }
              : null,
          ),
        );
      return present.done(null);
    },
  );

  route<SecretPath, typeof schema.secret>(
    site,
    { method: "GET", url: one, answer: schema.secret, intent: onSecret("read", "secret.read") },
    async ({ caller, params }) =>
      present.done(present.secret(await secrets.get(caller, ...secretPath(params)))),
  );

  route<SecretPath, typeof schema.secret>(
    site,
    { method: "PATCH", url: one, answer: schema.secret, intent: onSecret("write", "secret.update") },
    async ({ caller, params, body }) => {
      const place = secretPath(params);
      const current = validation.namesSecret(body) ? await secrets.get(caller, ...place) : null;
      const change = validation.patch(body, scopeNames, current);
      return present.done(present.secret(await secrets.update(caller, ...place, change)));
    },
  );

  route<SecretPath, typeof schema.nothing>(
    site,
    { method: "DELETE", url: one, answer: schema.nothing, intent: onSecret("write", "secret.delete") },
    async ({ caller, params }) => {
      await secrets.remove(caller, ...secretPath(params), { removal: "trash" });
      return present.done(null);
    },
  );

  route<SecretPath, typeof schema.secret>(
    site,
    {
      method: "POST",
      url: `${one}/duplicate`,
      answer: schema.secret,
      intent: onSecret("write", "secret.create"),
    },
    async ({ caller, params, body }) => {
      const asked = validation.duplicate(body, scopeNames);
      const copy = await secrets
        .duplicate(caller, ...secretPath(params), asked)
        .catch(inWords(({ code }) => (code === "secret.name_taken" ? taken(asked.name, "") : null)));
      return present.done(present.secret(copy));
    },
  );
}

function taken(name: string, pointer: string) {
  return { text: `secret_name_already_exists: ${name}`, pointer: `${pointer}/name` };
}

function secretPath({ account: of, store, secret }: SecretPath) {
  return [account(of), idRef(store), idRef(secret)] as const;
}

function inStore(permission: "read" | "write", action: Action) {
  return ({ store }: StorePath) => ({ ...asks(permission, action), place: { store: idRef(store) } });
}

function onSecret(permission: "read" | "write", action: Action) {
  return ({ store, secret }: SecretPath) => ({
    ...asks(permission, action),
    place: { store: idRef(store), secret: idRef(secret) },
  });
}
