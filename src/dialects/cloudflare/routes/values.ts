// How services read: by the name that a binding gives, in the words with which a deployment is refused.
// Whoever manages secrets has no way to a value here.
import type { CofferError } from "../../../core/errors.ts";
import { revisionsOf } from "../../../http/conditional.ts";
import { nameRef } from "../../../http/names.ts";
import { account, idRef } from "../places.ts";
import * as present from "../present.ts";
import { route, type Site } from "../route.ts";
import * as schema from "../schema.ts";
import * as validation from "../validation.ts";
import { inWords, type Word } from "../words.ts";

interface StorePath {
  readonly account: string;
  readonly store: string;
}

interface ValuePath extends StorePath {
  readonly name: string;
}

const all = "/accounts/:account/secrets_store/stores/:store/values";
const services = { action: "secret.reveal" } as const;

export function valueRoutes(site: Site): void {
  const { secrets } = site.operations;

  route<ValuePath, typeof schema.value>(
    site,
    { method: "GET", url: `${all}/:name`, answer: schema.value, services },
    async ({ caller, params, headers }, reply) => {
      const held = revisionsOf("if-none-match", headers["if-none-match"]);
      const revealed = await secrets
        .reveal(caller, account(params.account), idRef(params.store), nameRef(params.name), {
          ...(held === undefined ? {} : { unlessVersions: held }),
        })
        .catch(inWords((error) => wording(error, params.store, params.name)));
      reply.header("etag", `"${revealed.version}"`);
      if (revealed.value === null) return reply.code(304).send();
      return present.done(present.value(revealed));
    },
  );

  route<StorePath, typeof schema.values>(
    site,
    { method: "POST", url: all, answer: schema.values, services },
    async ({ caller, params, body }) => {
      const names = validation.names(body);
      const place = [account(params.account), idRef(params.store)] as const;
      const items = await secrets
        .revealAll(caller, ...place, names.map(nameRef), { whole: true })
        .catch(inWords((error) => wording(error, params.store, names[error.details.index ?? 0] ?? "")));
      return present.done(
        items.flatMap(({ revealed }) => (revealed === null ? [] : [present.value(revealed)])),
      );
    },
  );
}

const shownCharactersMax = 500;

function wording({ code }: CofferError, store: string, name: string): Word | null {
  switch (code) {
    case "store.not_found":
    case "secret.not_found":
    case "secret.expired":
    case "secret.no_value": {
      const [where, what] = [store, name].map((text) => text.slice(0, shownCharactersMax));
      return { text: `Secrets Store reference to store '${where}' and secret '${what}' was not found` };
    }
    case "caller.denied":
      return {
        text: "Secrets Store authorization failed. Check your permissions and secret scopes",
      };
    default:
      return null;
  }
}
