// The routes of the Cloudflare dialect, asked by every kind of caller. As expected.ts, the table is written
// by hand from the contract and computed by nothing; its signs, in the order of `columns` in callers.ts:
//   +  done      1  401: a credential that nobody knows there      3  403      4  404
//   s  403 wherever it asks: its permission, its account or its kind is lacking
import { describe, expect, test } from "vitest";
import { cloudflare } from "../../../src/dialects/cloudflare/index.ts";
import { ofOneSecret, secretFor, signIn } from "./callers.ts";
import { type Cell, doneOr, matrixOf, named, placesBy } from "./foreign.ts";
import { idAt, type Site, type World } from "./places.ts";
import type { Answered, Asked } from "./wire.ts";

const account = "/client/v4/accounts/:account";
const stores = `${account}/secrets_store/stores`;
const store = `${stores}/:store`;
const secrets = `${store}/secrets`;
const secret = `${secrets}/:secret`;

//               roles  org  store secr group mach machines serv jobs out tokens
const written = "+++34 3++ 3++ 3++ 3++ 44 43++3 sss 111 ss s+s+4+sss";
const into = "+++34 3++ 3++ 444 3++ 44 43++4 sss 111 ss s+s+4+sss";
const values = "sssss sss sss sss sss ss sssss +34 111 ss sssssssss";
const reached = "+++++ +++ +++ +++ +++ ++ +++++ sss 111 ss sss++++s+";

const rows: Readonly<Record<string, string>> = {
  [`GET ${stores}`]: "+++++ +++ +++ +++ +++ ++ +++++ sss 111 ss sss+++ss+",
  [`POST ${stores}`]: "+++3+ +++ +++ +++ +++ ++ +++++ sss 111 ss sss33+sss",
  [`GET ${store}`]: "++++4 +++ +++ 444 +++ 44 4+++4 sss 111 ss sss+4+sss",
  [`DELETE ${store}`]: "+++34 3++ 3++ 444 3++ 44 43++4 sss 111 ss sss+4+sss",
  [`GET ${account}/secrets_store/quota`]: reached,
  [`GET ${secrets}`]: "++++4 +++ +++ 444 +++ 44 4+++4 sss 111 ss s+s+4+sss",
  [`POST ${secrets}`]: into,
  [`DELETE ${secrets}`]: into,
  [`GET ${secret}`]: "++++4 +++ +++ +++ +++ 44 4++++ sss 111 ss s+s+4+sss",
  [`PATCH ${secret}`]: written,
  [`DELETE ${secret}`]: written,
  [`POST ${secret}/duplicate`]: written,
  [`GET ${store}/values/:name`]: values,
  [`POST ${store}/values`]: values,
  "GET /client/v4/accounts": "+++++ +++ +++ +++ +++ ++ +++++ sss 111 ++ sss++++s+",
  [`GET ${account}`]: reached,
  [`GET ${account}/tokens/verify`]: "11111 111 111 111 111 11 +++++ sss 111 ss 111111111",
  "GET /client/v4/user/tokens/verify": "+++++ +++ +++ +++ +++ ++ 11111 sss 111 ++ +++++++++",
  "GET /client/v4/user": "+++++ +++ +++ +++ +++ ++ sssss sss 111 ++ sss+++sss",
  "GET /client/v4/memberships": "+++++ +++ +++ +++ +++ ++ sssss sss 111 ++ sss++++s+",
};

const nothing = "0198c2a000007000800000000000dead";

let world: World;
let accounts: Readonly<Record<string, string>>;

const wireId = (uuid: string) => uuid.replaceAll("-", "");

async function ask(cell: Cell): Promise<Answered> {
  const { row, caller, place } = cell;
  const [method = "", url = ""] = row.split(" ");
  const site = place === "other tenant" ? world.there : world.here;
  const deletes = row === `DELETE ${secret}` && wanted(cell) === 200;
  const id = row.includes(":secret") ? await secretFor(world, site, caller, deletes) : nothing;
  const path = url
    .replace(":account", place === "missing organization" ? nothing : (accounts[site.org] ?? ""))
    .replace(":store", place === "missing" && !row.includes(":secret") ? nothing : wireId(site.storeId))
    .replace(":secret", place === "missing" ? nothing : wireId(id))
    .replace(":name", site.secret);
  return world.wire.ask(caller.token(), { method, path, ...bodyOf(row, site) });
}

/** Wrong in itself, but where services read: who hears that may do it, and nothing is done. */
function bodyOf(row: string, site: Site): Pick<Asked, "body"> {
  if (row.endsWith("/values")) return { body: { names: [site.secret] } };
  const takes = row.startsWith("P") || row === `DELETE ${secrets}`;
  return takes ? { body: row === `PATCH ${secret}` || row.endsWith("/duplicate") ? [] : {} } : {};
}

function wanted({ row, caller: { name }, place }: Cell): number {
  const sign = signIn(rows, row, name);
  if (sign === null || name.startsWith("job ")) return 401;
  switch (place) {
    case "own":
      return { "+": 200, "1": 401, "4": 404 }[sign] ?? 403;
    case "missing":
      if (sign === "s") return 403;
      return sign === "3" && row.includes(":secret") && !ofOneSecret.includes(name) ? 403 : 404;
    case "missing organization":
      return 403;
    case "other tenant":
      if (name !== "stranger" || row.includes("/values")) return 403;
      return row.endsWith("/tokens/verify") ? 401 : 200;
  }
}

describe("the matrix of the Cloudflare dialect", () => {
  const seen = matrixOf({
    dialect: cloudflare,
    rows,
    rowless: ({ config }) => config.nothing === true,
    prepare: async (made) => {
      world = made;
      const [here, there] = [await idAt(made, made.here), await idAt(made, made.there)];
      accounts = { here: wireId(here), there: wireId(there) };
      return [];
    },
    placesOf: placesBy(/:store/, ":account"),
    ask,
    wanted,
    // 400: the body. 409: the store is not empty.
    outcome: doneOr(400, 409),
    cellsOver: 2_500,
    hidden: {
      from: (cell) => wanted(cell) === (cell.place === "own" ? 404 : 403),
      // The store and the name, which a refusal to a service repeats.
      alike: (text) => text.replace(/store '[^']*' and secret '[^']*'/, ""),
      pairsOver: 600,
    },
  });

  test("values come out for the service that is listed alone", () => {
    const shown = seen().filter(({ answer }) => answer.text.includes('"value"'));
    expect(shown.map(named).sort()).toEqual(
      [`GET ${store}/values/:name`, `POST ${store}/values`].map((row) => `${row}, own, service listed`),
    );
  });
});
