// The routes of the Buildkite dialect, asked by every kind of caller. As expected.ts, the table is written
// by hand from the contract and computed by nothing; its signs, in the order of `columns` in callers.ts:
//   +  done      1  401: a credential that nobody knows there      s  403: its scope is lacking
//   3  403      4  404
import Fastify from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildkite } from "../../../src/dialects/buildkite/index.ts";
import { nobodyLogsIn } from "../../support/logins.ts";
import { startCoffer, type TestCoffer } from "../../support/server.ts";
import { type Caller, columns, makeCallers } from "./callers.ts";
import { done, makeWorld, type Site, type World } from "./places.ts";
import { type Answered, type Asked, inParallel, type Wire, wireTo } from "./wire.ts";

const org = "/v2/organizations/:org";
const cluster = `${org}/clusters/:cluster`;
const secret = `${cluster}/secrets/:id`;

//                  roles  org  store secr group mach machines serv jobs out tokens
const account = "+++++ +++ +++ +++ +++ ++ +++++ 111 111 ++ +++++++++";
const shown = "++++4 +++ +++ 444 +++ 44 4+++4 111 111 44 sss+4+sss";
const changed = "+++34 3++ 3++ 444 3++ 44 43++4 111 111 44 sss+4+sss";
const written = "+++34 3++ 3++ 3++ 3++ 44 43++3 111 111 44 s+s+4+sss";

const rows: Readonly<Record<string, string>> = {
  "GET /v2/access-token": account,
  "DELETE /v2/access-token": account,
  "GET /v2/user": "+++++ +++ +++ +++ +++ ++ 33333 111 111 ++ sss+++sss",
  "GET /v2/organizations": "+++++ +++ +++ +++ +++ ++ +++++ 111 111 ++ sss++++s+",
  [`GET ${org}`]: "+++++ +++ +++ +++ +++ ++ +++++ 111 111 44 sss++++s+",
  [`GET ${org}/clusters`]: "+++++ +++ +++ +++ +++ ++ +++++ 111 111 44 sss+++sss",
  [`POST ${org}/clusters`]: "+++3+ +++ +++ +++ +++ ++ +++++ 111 111 44 sss33+sss",
  [`GET ${cluster}`]: shown,
  [`PUT ${cluster}`]: changed,
  [`PATCH ${cluster}`]: changed,
  [`DELETE ${cluster}`]: changed,
  [`GET ${cluster}/queues`]: shown,
  [`GET ${cluster}/maintainers`]: shown,
  [`GET ${cluster}/secrets`]: "++++4 +++ +++ 444 +++ 44 4+++4 111 111 44 s+s+4+sss",
  [`POST ${cluster}/secrets`]: "+++34 3++ 3++ 444 3++ 44 43++4 111 111 44 s+s+4+sss",
  [`GET ${secret}`]: "++++4 +++ +++ +++ +++ 44 4++++ 111 111 44 s+s+4+sss",
  [`PUT ${secret}`]: written,
  [`PATCH ${secret}`]: written,
  [`PUT ${secret}/value`]: written,
  [`DELETE ${secret}`]: written,
  "POST /graphql/v1": "+++++ +++ +++ +++ +++ ++ +++++ 111 111 ++ sss+++sss",
  "GET /v3/jobs/:job/secrets": "11111 111 111 111 111 11 11111 111 +3+ 11 111111111",
};

/** It would end the credentials of these tests; test/dialects/buildkite/neighbours.test.ts does it. */
const ends = "DELETE /v2/access-token";

type Place = "own" | "missing" | "missing organization" | "other tenant";

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
let admitted: readonly Caller[];
let refused: readonly Caller[];
let seen: readonly Seen[];

beforeAll(async () => {
  coffer = await startCoffer();
  wire = wireTo(coffer.url, width);
  world = await makeWorld(wire, coffer.token, coffer.bootstrap.person.id);
  ({ admitted, refused } = await makeCallers(world, coffer.data));
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const cells = Object.keys(rows).flatMap((row) =>
    placesOf(row).flatMap((place) =>
      [...admitted, ...(place === "own" ? refused : [])]
        .map((caller) => ({ row, caller, place }))
        .filter((cell) => row !== ends || wanted(cell) === 401),
    ),
  );
  seen = await inParallel(cells, width, async (cell) => ({ ...cell, answer: await asked(cell) }));
}, 180_000);

afterAll(async () => {
  wire.close();
  await coffer.stop();
});

function placesOf(row: string): readonly Place[] {
  if (!row.includes(":org")) return ["own"];
  const inside: readonly Place[] = row.includes(":cluster") ? ["missing"] : [];
  return ["own", ...inside, "missing organization", "other tenant"];
}

async function asked(cell: Cell): Promise<Answered> {
  const { row, caller, place } = cell;
  const [method = "", url = ""] = row.split(" ");
  const site = place === "other tenant" ? world.there : world.here;
  const deletes = method === "DELETE" && row.endsWith("/:id") && wanted(cell) === 200;
  const id = row.includes(":id") ? await (deletes ? freshSecret(site, caller) : secretOf(site)) : nothing;
  const path = url
    .replace(":org", place === "missing organization" ? "nowhere" : site.org)
    .replace(":cluster", place === "missing" && !row.includes(":id") ? nothing : site.storeId)
    .replace(":id", place === "missing" ? nothing : id)
    .replace(":job", encodeURIComponent(caller.name.replaceAll(" ", "-")));
  // Who is no job is refused before what he asks for is read.
  const query = row.startsWith("GET /v3") && wanted(cell) !== 401 ? `?key=${site.secret}` : "";
  return wire.ask(caller.token(), { method, path: path + query, ...bodyOf(method) });
}

/** Wrong in itself: who hears that may do it, and nothing is done. */
function bodyOf(method: string): Pick<Asked, "body"> {
  return method === "GET" || method === "DELETE" ? {} : { body: [] };
}

const byOf = (of: string) => (of === "here" ? world.operator : world.stranger);

async function secretOf({ org: of, store, secret: name }: Site): Promise<string> {
  const path = `/v1/organizations/${of}/stores/${store}/secrets/${name}`;
  return (await done(wire, byOf(of), { method: "GET", path })).id;
}

async function freshSecret({ org: of, store }: Site, { self, holds }: Caller): Promise<string> {
  const base = `/v1/organizations/${of}`;
  const body = { name: `n-${crypto.randomUUID()}` };
  const path = `${base}/stores/${store}/secrets`;
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

/** They know one secret, and without it nothing of the cluster. */
const ofOneSecret = ["secret read", "secret write", "secret manage", "machine secret read"];

function wanted({ row, caller, place }: Cell): number {
  if (!columns.includes(caller.name)) {
    return caller.name === "from elsewhere" && !row.includes("/v3/") ? 403 : 401;
  }
  const sign = signOf(row, caller.name);
  if (sign === "1") return 401;
  switch (place) {
    case "own":
      return { "+": 200, s: 403, "3": 403 }[sign] ?? 404;
    case "missing":
      if (sign === "s") return 403;
      return sign === "3" && row.includes(":id") && !ofOneSecret.includes(caller.name) ? 403 : 404;
    case "missing organization":
      return 404;
    case "other tenant":
      return caller.name === "stranger" ? 200 : 404;
  }
}

/** 400: the body. 422: the cluster is not empty. */
function outcome({ answer: { status } }: Seen): number {
  return status < 300 || status === 400 || status === 422 ? 200 : status;
}

const named = ({ row, caller, place }: Cell) => `${row}, ${place}, ${caller.name}`;

describe("the matrix of the Buildkite dialect", () => {
  test("every route has a row", () => {
    const routes = new Set<string>();
    const app = Fastify({ exposeHeadRoutes: false });
    app.addHook("onRoute", ({ method, url, config }) => {
      if (config?.public === true) return;
      for (const each of [method].flat()) if (each !== "HEAD") routes.add(`${each} ${url}`);
    });
    const { operations } = coffer.node;
    buildkite.routes(app, {
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

  test("a scope that is lacking is named, and nothing else is", () => {
    const lacking = /^{"(message":"|errors":\[{"message":")Your access token doesn't have the \w+ scope"}/;
    const wrong = seen
      .filter(({ answer }) => answer.status === 403)
      .filter(({ row, caller, answer }) => {
        const scope = columns.includes(caller.name) && signOf(row, caller.name) === "s";
        return lacking.test(answer.text) !== scope;
      });
    expect(wrong.map(named)).toEqual([]);
  });

  test("what is hidden from a caller answers as what is not there, to the letter", () => {
    const byCell = new Map(seen.map((cell) => [named(cell), cell]));
    const twins = { own: "missing", "other tenant": "missing organization" } as const;
    const differ: string[] = [];
    let compared = 0;
    for (const cell of seen) {
      if (wanted(cell) !== 404 || (cell.place !== "own" && cell.place !== "other tenant")) continue;
      const twin = byCell.get(named({ ...cell, place: twins[cell.place] }));
      if (twin === undefined) continue;
      compared += 1;
      if (twin.answer.text !== cell.answer.text) differ.push(`${named(cell)}: ${cell.answer.text}`);
    }
    expect(differ).toEqual([]);
    expect(compared).toBeGreaterThan(600);
  });
});
