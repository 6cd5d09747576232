// The routes of the Scale dialect, asked by every kind of caller. As expected.ts, the table is written by
// hand from the contract and computed by nothing; its signs, in the order of `callers`:
//   +  done      1  401: a credential that nobody knows there      3  403
import Fastify from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { scale } from "../../../src/dialects/scale/index.ts";
import { nobodyLogsIn } from "../../support/logins.ts";
import { startCoffer, type TestCoffer } from "../../support/server.ts";
import { type Caller, columns, makeCallers } from "./callers.ts";
import { done, makeWorld, type World } from "./places.ts";
import { type Answered, inParallel, type Wire, wireTo } from "./wire.ts";

const all = "/v5/sgp/secrets";
const one = `${all}/:id`;

/** What tokens of the other columns are narrowed to lies in no store of this dialect. */
const ofTheAccount = ["token secret.*@default", "token for the default store"];
const callers = [...columns, ...ofTheAccount];

//                roles  org  store secr group mach machines serv jobs out tokens    of the account
const changed = "+++33 3++ 3++ 3++ 3++ 33 33++3 111 111 33 33333+333 ++";
const rows: Readonly<Record<string, string>> = {
  [`GET ${all}`]: "++++3 +++ +++ 333 +++ 33 3+++3 111 111 33 33333+333 ++",
  [`POST ${all}`]: "+++33 3++ 3++ 333 3++ 33 33++3 111 111 33 33333+333 ++",
  [`GET ${one}`]: "++++3 +++ +++ +++ +++ 33 3++++ 111 111 33 33333+333 ++",
  [`PATCH ${one}`]: changed,
  [`DELETE ${one}`]: changed,
};

/** Methods of these paths that are none of theirs. */
const refusedMethods = {
  [all]: ["PUT", "PATCH", "DELETE", "OPTIONS"],
  [one]: ["PUT", "POST", "OPTIONS"],
};

/** `unnamed`: no header names the account. */
type Place = "own" | "unnamed" | "missing" | "other tenant" | "missing account";

const nothing = "0198c2a0-0000-7000-8000-00000000dead";
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
let accounts: Readonly<Record<"here" | "there", string>>;
let refused: readonly Caller[];
let seen: readonly Seen[];

beforeAll(async () => {
  coffer = await startCoffer();
  wire = wireTo(coffer.url, width);
  const made = await makeWorld(wire, coffer.token, coffer.bootstrap.person.id);
  const org = async (slug: string, token: string) =>
    String((await done(wire, token, { method: "GET", path: `/v1/organizations/${slug}` })).id);
  accounts = { here: await org("here", made.operator), there: await org("there", made.stranger) };
  // What the columns hold on a store they hold on the only one that is seen here.
  const stores = "/v1/organizations/here/stores";
  const { id: storeId } = await done(wire, made.operator, { method: "GET", path: `${stores}/default` });
  world = { ...made, here: { ...made.here, storeId } };
  const known = await makeCallers(world, coffer.data);
  refused = known.refused;
  const admitted = [
    ...known.admitted,
    await narrowed("token secret.*@default", { scopes: ["secret.*@default"] }),
    await narrowed("token for the default store", { stores: ["default"] }),
  ];
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

async function narrowed(name: string, more: object): Promise<Caller> {
  const self = { kind: "person", id: world.operatorId } as const;
  const body = { principal: self, name: "t", ...more };
  const path = "/v1/organizations/here/tokens";
  const { token } = await done(wire, world.operator, { method: "POST", path, body });
  return { name, token: () => token, self };
}

function placesOf(row: string): readonly Place[] {
  const inside: readonly Place[] = row.includes(":id") ? ["missing"] : [];
  return ["own", "unnamed", ...inside, "other tenant", "missing account"];
}

async function asked(cell: Cell): Promise<Answered> {
  const { row, caller, place } = cell;
  const [method = "", url = ""] = row.split(" ");
  const id = place === "missing" || !row.includes(":id") ? nothing : await freshSecret(caller);
  const body = { POST: { key: `k-${crypto.randomUUID()}`, value: "v" }, PATCH: { description: "d" } }[method];
  return askAs(caller.token(), place, {
    method,
    path: url.replace(":id", id),
    ...(body === undefined ? {} : { body }),
  });
}

function askAs(
  key: string | null,
  place: Place,
  request: { method: string; path: string; body?: object },
): Promise<Answered> {
  const account = { "other tenant": accounts.there, "missing account": nothing, unnamed: null }[
    place as string
  ];
  const named = account === undefined ? accounts.here : account;
  const headers = {
    ...(key === null ? {} : { "x-api-key": key }),
    ...(named === null ? {} : { "x-selected-account-id": named }),
  };
  return wire.ask(null, { ...request, headers });
}

/** In the account `here`; whoever is granted single secrets is granted it. */
async function freshSecret({ self, holds }: Caller): Promise<string> {
  const base = "/v1/organizations/here";
  const body = { name: `n-${crypto.randomUUID()}`, value: "v" };
  const path = `${base}/stores/default/secrets`;
  const { id } = await done(wire, world.operator, { method: "POST", path, body });
  if (holds?.kind === "secret") {
    const grant = { subject: self, object: { kind: "secret", id }, level: holds.level };
    await done(wire, world.operator, { method: "PUT", path: `${base}/grants`, body: grant });
  }
  return id;
}

function signOf(row: string, caller: string): string {
  const text = rows[row]?.replaceAll(" ", "") ?? "";
  if (text.length !== callers.length) throw new Error(`the row ${row} has ${text.length} signs`);
  return text[callers.indexOf(caller)] ?? "";
}

/** They know one secret, and without it nothing of the account. */
const ofOneSecret = ["secret read", "secret write", "secret manage", "machine secret read"];

function wanted({ row, caller: { name }, place }: Cell): number {
  if (!callers.includes(name)) return 401;
  const sign = signOf(row, name);
  if (sign === "1") return 401;
  const own = sign === "+" ? 200 : 403;
  switch (place) {
    case "own":
      return own;
    case "unnamed":
      // Of two accounts, of another one, of none.
      if (name === "operator" || name === "person without organization") return 400;
      return name === "stranger" ? (row.includes(":id") ? 404 : 200) : own;
    case "missing":
      return sign === "+" && !ofOneSecret.includes(name) ? 404 : 403;
    case "other tenant":
      // It is the stranger's own, which has no such secret.
      return name === "stranger" ? (row.includes(":id") ? 404 : 200) : 403;
    case "missing account":
      return 403;
  }
}

const outcome = ({ answer: { status } }: Seen) => (status < 300 ? 200 : status);
const named = ({ row, caller, place }: Cell) => `${row}, ${place}, ${caller.name}`;

describe("the matrix of the Scale dialect", () => {
  test("every route has a row, or is there to refuse a method", () => {
    const routes = new Set<string>();
    const app = Fastify({ exposeHeadRoutes: false });
    app.addHook("onRoute", ({ method, url }) => {
      for (const each of [method].flat()) if (each !== "HEAD") routes.add(`${each} ${url}`);
    });
    const { operations } = coffer.node;
    scale.routes(app, {
      operations,
      logins: nobodyLogsIn,
      publicUrl: coffer.url,
      serviceNames: [],
      namespaces: new Map(),
      valueKilobytes: 8,
    });
    const refusing = Object.entries(refusedMethods).flatMap(([url, methods]) =>
      methods.map((method) => `${method} ${url}`),
    );
    expect([...routes].sort()).toEqual([...Object.keys(rows), ...refusing].sort());
    expect(seen.length).toBeGreaterThan(900);
  });

  test("a method that is refused is so to whoever has a key, and nobody else", async () => {
    for (const [url, methods] of Object.entries(refusedMethods)) {
      for (const method of methods) {
        const request = { method, path: url.replace(":id", nothing) };
        expect((await askAs(world.stranger, "own", request)).status, `${method} ${url}`).toBe(405);
        expect((await askAs(null, "own", request)).status, `${method} ${url}`).toBe(401);
      }
    }
  });

  test("every cell is as the table says", () => {
    const wrong = seen
      .filter((cell) => outcome(cell) !== wanted(cell))
      .map(
        (cell) => `${named(cell)}: ${wanted(cell)} was to be, ${cell.answer.status} ${cell.answer.text} was`,
      );
    expect(wrong).toEqual([]);
  });

  test("what is refused says no more than that", () => {
    const details = new Set(
      seen
        .filter(({ answer }) => answer.status >= 400)
        .map(({ answer }) => `${answer.status} ${answer.text}`),
    );
    expect([...details].sort()).toEqual([
      '400 {"detail":"This API key reaches several accounts, or none: name one in the header x-selected-account-id."}',
      '401 {"detail":"Missing or invalid API key"}',
      '403 {"detail":"This API key may not do that."}',
      '403 {"detail":"This API key may not use the selected account."}',
      '404 {"detail":"Secret not found"}',
    ]);
  });

  test("what is hidden from a caller answers as what is not there, to the letter", () => {
    const byCell = new Map(seen.map((cell) => [named(cell), cell]));
    const twins = { own: "missing", "other tenant": "missing account" } as const;
    const differ: string[] = [];
    let compared = 0;
    for (const cell of seen) {
      if (outcome(cell) !== 403 || (cell.place !== "own" && cell.place !== "other tenant")) continue;
      const twin = byCell.get(named({ ...cell, place: twins[cell.place] }));
      if (twin === undefined) continue;
      compared += 1;
      if (twin.answer.text !== cell.answer.text) differ.push(`${named(cell)}: ${cell.answer.text}`);
    }
    expect(differ).toEqual([]);
    expect(compared).toBeGreaterThan(200);
  });
});
