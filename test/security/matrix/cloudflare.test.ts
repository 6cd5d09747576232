// The routes of the Cloudflare dialect, asked by every kind of caller. As expected.ts, the table is written
// by hand from the contract and computed by nothing; its signs, in the order of `columns` in callers.ts:
//   +  done      1  401: a credential that nobody knows there      3  403      4  404
//   s  403 wherever it asks: its permission, its account or its kind is lacking
import Fastify from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cloudflare } from "../../../src/dialects/cloudflare/index.ts";
import { nobodyLogsIn } from "../../support/logins.ts";
import { startCoffer, type TestCoffer } from "../../support/server.ts";
import { type Caller, columns, makeCallers } from "./callers.ts";
import { done, makeWorld, type Site, type World } from "./places.ts";
import { type Answered, type Asked, inParallel, type Wire, wireTo } from "./wire.ts";

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

type Place = "own" | "missing" | "missing account" | "other tenant";

const nothing = "0198c2a000007000800000000000dead";
const width = 24;

interface Cell {
  readonly row: string;
  readonly caller: Caller;
  readonly place: Place;
}

interface Seen extends Cell {
  readonly answer: Answered;
}

let coffer: TestCoffer;
let wire: Wire;
let world: World;
let accounts: Readonly<Record<string, string>>;
let admitted: readonly Caller[];
let refused: readonly Caller[];
let seen: readonly Seen[];

const wireId = (uuid: string) => uuid.replaceAll("-", "");

beforeAll(async () => {
  coffer = await startCoffer();
  wire = wireTo(coffer.url, width);
  world = await makeWorld(wire, coffer.token, coffer.bootstrap.person.id);
  ({ admitted, refused } = await makeCallers(world, coffer.data));
  const idOf = async (org: string) =>
    wireId((await done(wire, byOf(org), { method: "GET", path: `/v1/organizations/${org}` })).id);
  accounts = { here: await idOf("here"), there: await idOf("there") };
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const cells = Object.keys(rows).flatMap((row) =>
    placesOf(row).flatMap((place) =>
      [...admitted, ...(place === "own" ? refused : [])].map((caller) => ({ row, caller, place })),
    ),
  );
  seen = await inParallel(cells, width, async (cell) => ({ ...cell, answer: await asked(cell) }));
}, 180_000);

afterAll(async () => {
  wire.close();
  await coffer.stop();
});

function placesOf(row: string): readonly Place[] {
  if (!row.includes(":account")) return ["own"];
  const inside: readonly Place[] = row.includes(":store") ? ["missing"] : [];
  return ["own", ...inside, "missing account", "other tenant"];
}

async function asked(cell: Cell): Promise<Answered> {
  const { row, caller, place } = cell;
  const [method = "", url = ""] = row.split(" ");
  const site = place === "other tenant" ? world.there : world.here;
  const deletes = row === `DELETE ${secret}` && wanted(cell) === 200;
  const id = row.includes(":secret") ? await (deletes ? freshSecret(site, caller) : secretOf(site)) : nothing;
  const path = url
    .replace(":account", place === "missing account" ? nothing : (accounts[site.org] ?? ""))
    .replace(":store", place === "missing" && !row.includes(":secret") ? nothing : wireId(site.storeId))
    .replace(":secret", place === "missing" ? nothing : wireId(id))
    .replace(":name", site.secret);
  return wire.ask(caller.token(), { method, path, ...bodyOf(row, site) });
}

/** Wrong in itself, but where services read: who hears that may do it, and nothing is done. */
function bodyOf(row: string, site: Site): Pick<Asked, "body"> {
  if (row.endsWith("/values")) return { body: { names: [site.secret] } };
  const takes = row.startsWith("P") || row === `DELETE ${secrets}`;
  return takes ? { body: row === `PATCH ${secret}` || row.endsWith("/duplicate") ? [] : {} } : {};
}

const byOf = (of: string) => (of === "here" ? world.operator : world.stranger);

async function secretOf({ org: of, store: where, secret: name }: Site): Promise<string> {
  const path = `/v1/organizations/${of}/stores/${where}/secrets/${name}`;
  return (await done(wire, byOf(of), { method: "GET", path })).id;
}

async function freshSecret({ org: of, store: where }: Site, { self, holds }: Caller): Promise<string> {
  const base = `/v1/organizations/${of}`;
  const body = { name: `n-${crypto.randomUUID()}` };
  const path = `${base}/stores/${where}/secrets`;
  const { id } = await done(wire, byOf(of), { method: "POST", path, body });
  if (holds?.kind === "secret") {
    const grant = { subject: self, object: { kind: "secret", id }, level: holds.level };
    await done(wire, byOf(of), { method: "PUT", path: `${base}/grants`, body: grant });
  }
  return id;
}

function signOf(row: string, column: string): string {
  const text = rows[row]?.replaceAll(" ", "") ?? "";
  if (text.length !== columns.length) throw new Error(`the row ${row} has ${text.length} signs`);
  return text[columns.indexOf(column)] ?? "";
}

/** They know one secret, and without it nothing of the store. */
const ofOneSecret = ["secret read", "secret write", "secret manage", "machine secret read"];

function wanted({ row, caller, place }: Cell): number {
  if (!columns.includes(caller.name) || caller.name.startsWith("job ")) return 401;
  const sign = signOf(row, caller.name);
  switch (place) {
    case "own":
      return { "+": 200, "1": 401, "4": 404 }[sign] ?? 403;
    case "missing":
      if (sign === "s") return 403;
      return sign === "3" && row.includes(":secret") && !ofOneSecret.includes(caller.name) ? 403 : 404;
    case "missing account":
      return 403;
    case "other tenant":
      if (caller.name !== "stranger" || row.includes("/values")) return 403;
      return row.endsWith("/tokens/verify") ? 401 : 200;
  }
}

/** 400: the body. 409: the store is not empty. */
function outcome({ answer: { status } }: Seen): number {
  return status < 300 || status === 400 || status === 409 ? 200 : status;
}

const named = ({ row, caller, place }: Cell) => `${row}, ${place}, ${caller.name}`;
/** But for the store and the name that a refusal to a service repeats. */
const told = ({ answer: { text } }: Seen) => text.replace(/store '[^']*' and secret '[^']*'/, "");

describe("the matrix of the Cloudflare dialect", () => {
  test("every route has a row", () => {
    const routes = new Set<string>();
    const app = Fastify({ exposeHeadRoutes: false });
    app.addHook("onRoute", ({ method, url, config }) => {
      if (config?.refusesMethod === true) return;
      for (const each of [method].flat()) routes.add(`${each} ${url}`);
    });
    const { operations } = coffer.node;
    cloudflare.routes(app, {
      operations,
      logins: nobodyLogsIn,
      publicUrl: coffer.url,
      serviceNames: [],
      namespaces: new Map(),
      valueKilobytes: 8,
    });
    expect([...routes].sort()).toEqual(Object.keys(rows).sort());
    expect(seen.length).toBeGreaterThan(2_500);
  });

  test("every cell is as the table says", () => {
    const wrong = seen
      .filter((cell) => outcome(cell) !== wanted(cell))
      .map(
        (cell) => `${named(cell)}: ${wanted(cell)} was to be, ${cell.answer.status} ${cell.answer.text} was`,
      );
    expect(wrong).toEqual([]);
  });

  test("values come out for the service that is listed alone", () => {
    const shown = seen.filter(({ answer }) => answer.text.includes('"value"'));
    expect(shown.map(named).sort()).toEqual(
      [`GET ${store}/values/:name`, `POST ${store}/values`].map((row) => `${row}, own, service listed`),
    );
  });

  test("what is hidden from a caller answers as what is not there, to the letter", () => {
    const byCell = new Map(seen.map((cell) => [named(cell), cell]));
    const twins = { own: "missing", "other tenant": "missing account" } as const;
    const differ: string[] = [];
    let compared = 0;
    for (const cell of seen) {
      const { place } = cell;
      if (place !== "own" && place !== "other tenant") continue;
      if (wanted(cell) !== (place === "own" ? 404 : 403)) continue;
      const twin = byCell.get(named({ ...cell, place: twins[place] }));
      if (twin === undefined) continue;
      compared += 1;
      if (told(twin) !== told(cell)) differ.push(`${named(cell)}: ${cell.answer.text}`);
    }
    expect(differ).toEqual([]);
    expect(compared).toBeGreaterThan(600);
  });
});
