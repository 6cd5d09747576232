// The routes of the Buildkite dialect, asked by every kind of caller. As expected.ts, the table is written
// by hand from the contract and computed by nothing; its signs, in the order of `columns` in callers.ts:
//   +  done      1  401: a credential that nobody knows there      s  403: its scope is lacking
//   3  403      4  404
import { describe, expect, test } from "vitest";
import { buildkite } from "../../../src/dialects/buildkite/index.ts";
import { ofOneSecret, secretFor, signIn } from "./callers.ts";
import { type Cell, doneOr, matrixOf, named, placesBy } from "./foreign.ts";
import type { World } from "./places.ts";
import type { Answered } from "./wire.ts";

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

const nothing = "0198c2a0-0000-7000-8000-00000000dead";

let world: World;

async function ask(cell: Cell): Promise<Answered> {
  const { row, caller, place } = cell;
  const [method = "", url = ""] = row.split(" ");
  const site = place === "other tenant" ? world.there : world.here;
  const deletes = row === `DELETE ${secret}` && wanted(cell) === 200;
  const id = row.includes(":id") ? await secretFor(world, site, caller, deletes) : nothing;
  const path = url
    .replace(":org", place === "missing organization" ? "nowhere" : site.org)
    .replace(":cluster", place === "missing" && !row.includes(":id") ? nothing : site.storeId)
    .replace(":id", place === "missing" ? nothing : id)
    .replace(":job", encodeURIComponent(caller.name.replaceAll(" ", "-")));
  // Who is no job is refused before what he asks for is read.
  const query = row.startsWith("GET /v3") && wanted(cell) !== 401 ? `?key=${site.secret}` : "";
  // Wrong in itself: who hears that may do it, and nothing is done.
  const body = method === "GET" || method === "DELETE" ? {} : { body: [] };
  return world.wire.ask(caller.token(), { method, path: path + query, ...body });
}

function wanted({ row, caller: { name }, place }: Cell): number {
  const sign = signIn(rows, row, name);
  if (sign === null) return name === "from elsewhere" && !row.includes("/v3/") ? 403 : 401;
  if (sign === "1") return 401;
  switch (place) {
    case "own":
      return { "+": 200, s: 403, "3": 403 }[sign] ?? 404;
    case "missing":
      if (sign === "s") return 403;
      return sign === "3" && row.includes(":id") && !ofOneSecret.includes(name) ? 403 : 404;
    case "missing organization":
      return 404;
    case "other tenant":
      return name === "stranger" ? 200 : 404;
  }
}

describe("the matrix of the Buildkite dialect", () => {
  const seen = matrixOf({
    dialect: buildkite,
    rows,
    rowless: ({ method, config }) => method === "HEAD" || config.public === true,
    prepare: async (made) => {
      world = made;
      return [];
    },
    placesOf: placesBy(/:cluster/, ":org"),
    skips: (cell) => cell.row === ends && wanted(cell) !== 401,
    ask,
    wanted,
    // 400: the body. 422: the cluster is not empty.
    outcome: doneOr(400, 422),
    cellsOver: 2_500,
    hidden: { from: (cell) => wanted(cell) === 404, pairsOver: 600 },
  });

  test("a scope that is lacking is named, and nothing else is", () => {
    const lacking = /^{"(message":"|errors":\[{"message":")Your access token doesn't have the \w+ scope"}/;
    const wrong = seen()
      .filter(({ answer }) => answer.status === 403)
      .filter(({ row, caller, answer }) => {
        const scope = signIn(rows, row, caller.name) === "s";
        return lacking.test(answer.text) !== scope;
      });
    expect(wrong.map(named)).toEqual([]);
  });
});
