// Every route, asked by every kind of caller, in every kind of place, against one running server.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCoffer, type TestCoffer } from "../../support/server.ts";
import { type Caller, columns, makeCallers } from "./callers.ts";
import { expected, rows } from "./expected.ts";
import { done, makeWorld, ownerOf, type Place, places, siteAt, type World } from "./places.ts";
import { type AskedRoute, routes } from "./routes.ts";
import { type Answered, inParallel, type Wire, wireTo } from "./wire.ts";

const width = 24;
/** For removals.ts one wrong cell is enough, and most show in their own place. */
const hasty = process.env.COFFER_MATRIX === "hasty";
const publicRoutes: ReadonlySet<string> = new Set(["getDocument", "acceptInvitation"]);

interface Cell {
  readonly row: string;
  readonly route: AskedRoute;
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
  const expiry = new Promise((resolve) => setTimeout(resolve, 2_100));
  const see = async (cell: Cell) => {
    if (expires(cell)) await expiry;
    const answered = { ...cell, answer: await asked(cell) };
    if (hasty && outcome(answered) !== wanted(cell))
      throw new Error(`${named(cell)}: ${outcome(answered)}, must be ${wanted(cell)}`);
    return answered;
  };
  const all = hasty ? cells().toSorted((a, b) => distance(a) - distance(b)) : cells();
  const alone = ({ route }: Cell) => route.alone === true;
  const together = await inParallel(
    all.filter((cell) => !alone(cell)),
    width,
    see,
  );
  seen = [...together, ...(await inParallel(all.filter(alone), 1, see))];
}, 180_000);

afterAll(async () => {
  wire.close();
  await coffer.stop();
});

function cells(): Cell[] {
  const all: Cell[] = [];
  for (const [row, route] of Object.entries(routes)) {
    for (const place of placesOf(route)) {
      for (const caller of admitted) all.push({ row, route, caller, place });
      if (place !== "own" && place !== "missing" && place !== "other tenant") continue;
      for (const caller of refused) all.push({ row, route, caller, place });
    }
  }
  return all;
}

/** What is to have expired is asked for when it has. */
function expires({ place, caller }: Cell): boolean {
  return place === "expired" || caller.name === "expired";
}

function distance(cell: Cell): number {
  const costs = (cell.route.fresh === undefined ? 0 : 1) + (expires(cell) ? 2 : 0);
  return places.indexOf(cell.place) * 4 + costs;
}

function placesOf({ takes }: AskedRoute): readonly Place[] {
  if (takes === null) return ["own"];
  const afar: readonly Place[] = ["other tenant", "missing organization"];
  if (takes === "org") return ["own", ...afar];
  if (takes === "ownToken") return ["own", "missing"];
  if (takes === "secret") return places;
  const inStores = takes === "store" || takes === "storeId" || takes === "trashed";
  return ["own", ...(inStores ? (["other store"] as const) : []), "missing", "foreign", ...afar];
}

async function asked({ route, caller, place }: Cell): Promise<Answered> {
  const site = siteAt(world, place, route.takes ?? "org");
  const lies = place === "own" || place === "other store" || place === "other tenant";
  const by = ownerOf(world, site);
  const fresh = lies && route.fresh !== undefined ? await route.fresh({ world, site, caller, by }) : {};
  return wire.ask(caller.token(), route.ask({ ...site, ...fresh }, caller));
}

function wanted({ row, route, caller, place }: Cell): number {
  if (!refused.includes(caller)) return expected(row, route, caller.name, place);
  return publicRoutes.has(row) ? 200 : 401;
}

function outcome({ route, answer }: Seen): number {
  if (route.byItem === true && answer.status === 200) return outcomeOfItem(answer.text);
  const done = answer.status === route.allowed || (answer.status >= 200 && answer.status < 300);
  return done ? 200 : answer.status;
}

function outcomeOfItem(text: string): number {
  const [item] = JSON.parse(text).items;
  if (item.error === undefined) return 200;
  return (
    { "caller.denied": 403, "secret.not_found": 404, "secret.expired": 410 }[String(item.error.code)] ?? 0
  );
}

const named = ({ row, caller, place }: Cell) => `${row}, ${place}, ${caller.name}`;
/** An answer but for the id of its request, and for the names that a batch repeats. */
const told = ({ route, answer }: Seen) => {
  const text = answer.text.replace(/"requestId":"[^"]*"/, '"requestId":""');
  return `${answer.status} ${route.byItem === true ? text.replaceAll(/"name":"[^"]*"/g, '"name":""') : text}`;
};

describe("the matrix", () => {
  test("every route of the document has a row, and every row all columns", async () => {
    const { paths } = await done(wire, coffer.token, { method: "GET", path: "/v1/openapi.json" });
    const operations = Object.values<Record<string, { operationId: string }>>(paths).flatMap((path) =>
      Object.values(path).map(({ operationId }) => operationId),
    );
    const inTable = new Set(Object.keys(routes).map((row) => row.split(":")[0]));
    expect([...inTable].sort()).toEqual([...new Set(operations)].sort());
    expect(Object.keys(rows).sort()).toEqual(Object.keys(routes).sort());
    expect(admitted.map(({ name }) => name)).toEqual(columns);
    expect(seen.length).toBeGreaterThan(10_000);
  });

  test("every cell is as the table says", () => {
    const wrong = seen
      .filter((cell) => outcome(cell) !== wanted(cell))
      .map((cell) => `${named(cell)}: ${wanted(cell)} was to be, ${told(cell).slice(0, 160)} was`);
    expect(wrong).toEqual([]);
  });

  test("what is hidden from a caller answers as what is not there, to the letter", () => {
    const byCell = new Map(seen.map((cell) => [named(cell), cell]));
    const differ: string[] = [];
    let compared = 0;
    for (const cell of seen) {
      const twin = twinOf(cell);
      const missing = twin && byCell.get(named({ ...cell, place: twin }));
      if (missing === undefined || missing === null || cell === missing) continue;
      compared += 1;
      if (told(cell) !== told(missing)) differ.push(`${named(cell)}: ${told(cell)} | ${told(missing)}`);
    }
    expect(differ).toEqual([]);
    expect(compared).toBeGreaterThan(2_500);
  });
});

/** The place that must look the same to this caller; null: none, for he may know that it is there. */
function twinOf(cell: Cell): Place | null {
  const { place, route, caller } = cell;
  if (place === "other store" && route.takes === "secret") {
    // Who lists stores and no secrets knows that the store is there.
    const hidden = wanted(cell) === 404 && caller.name !== "token that only confers";
    return hidden ? "missing store" : null;
  }
  if (place === "foreign" || place === "trashed") return "missing";
  if (place === "other tenant") return wanted(cell) === 404 ? "missing organization" : null;
  const inPlace = place === "own" || place === "other store" || place === "expired";
  return inPlace && wanted(cell) === 404 ? "missing" : null;
}
