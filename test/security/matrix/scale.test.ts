// The routes of the Scale dialect, asked by every kind of caller. As expected.ts, the table is written by
// hand from the contract and computed by nothing; its signs, in the order of `callers`:
//   +  done      1  401: a credential that nobody knows there      3  403
import { describe, expect, test } from "vitest";
import { scale } from "../../../src/dialects/scale/index.ts";
import { columns, freshSecret, minted, ofOneSecret, signIn } from "./callers.ts";
import { type Cell, doneOr, type ForeignPlace, matrixOf } from "./foreign.ts";
import { idAt, type World } from "./places.ts";
import type { Answered, Asked } from "./wire.ts";

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
type Place = ForeignPlace | "unnamed";

const nothing = "0198c2a0-0000-7000-8000-00000000dead";

let world: World;
let accounts: Readonly<Record<Place, string | null>>;

function placesOf(row: string): readonly Place[] {
  const inside: readonly Place[] = row.includes(":id") ? ["missing"] : [];
  return ["own", "unnamed", ...inside, "other tenant", "missing organization"];
}

async function ask({ row, caller, place }: Cell<Place>): Promise<Answered> {
  const [method = "", url = ""] = row.split(" ");
  const made = place !== "missing" && row.includes(":id");
  const id = made ? (await freshSecret(world, world.here, caller, "v")).id : nothing;
  const body = { POST: { key: `k-${crypto.randomUUID()}`, value: "v" }, PATCH: { description: "d" } }[method];
  const asked = { method, path: url.replace(":id", id), ...(body === undefined ? {} : { body }) };
  return askAs(caller.token(), place, asked);
}

function askAs(key: string | null, place: Place, asked: Asked): Promise<Answered> {
  const account = accounts[place];
  const headers = {
    ...(key === null ? {} : { "x-api-key": key }),
    ...(account === null ? {} : { "x-selected-account-id": account }),
  };
  return world.wire.ask(null, { ...asked, headers });
}

function wanted({ row, caller: { name }, place }: Cell<Place>): number {
  const sign = signIn(rows, row, name, callers);
  if (sign === null || sign === "1") return 401;
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
    case "missing organization":
      return 403;
  }
}

const outcome = doneOr();

describe("the matrix of the Scale dialect", () => {
  const seen = matrixOf<Place>({
    dialect: scale,
    rows,
    rowless: ({ method }) => method === "HEAD",
    refusing: Object.entries(refusedMethods).flatMap(([url, methods]) =>
      methods.map((method) => `${method} ${url}`),
    ),
    // The only one that is seen here.
    store: "default",
    prepare: async (made) => {
      world = made;
      const here = await idAt(made, made.here);
      const there = await idAt(made, made.there);
      accounts = {
        own: here,
        missing: here,
        unnamed: null,
        "other tenant": there,
        "missing organization": nothing,
      };
      const owner = { kind: "person", id: made.operatorId } as const;
      return [
        await minted(made, "token secret.*@default", owner, { scopes: ["secret.*@default"] }),
        await minted(made, "token for the default store", owner, { stores: ["default"] }),
      ];
    },
    placesOf,
    ask,
    wanted,
    outcome,
    cellsOver: 900,
    hidden: { from: (cell) => outcome(cell) === 403, pairsOver: 200 },
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

  test("what is refused says no more than that", () => {
    const details = new Set(
      seen()
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
});
