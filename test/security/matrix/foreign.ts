// The matrix of one foreign dialect: every row of its table, asked by every kind of caller, in every place
// that the row knows, against one running server. A dialect brings its table and its own few words.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Dialect } from "../../../src/dialects/dialect.ts";
import { startCoffer, type TestCoffer } from "../../support/server.ts";
import { type Caller, makeCallers } from "./callers.ts";
import { type DeclaredRoute, declaredRoutes } from "./declared.ts";
import { idAt, makeWorld, type World } from "./places.ts";
import { type Answered, inParallel, type Wire, wireTo } from "./wire.ts";

/** An organization is called an account or a namespace there; it is missing or another's all the same. */
export type ForeignPlace = "own" | "missing" | "missing organization" | "other tenant";

export interface Cell<Place extends string = ForeignPlace> {
  readonly row: string;
  readonly caller: Caller;
  readonly place: Place;
}

export interface Seen<Place extends string = ForeignPlace> extends Cell<Place> {
  readonly answer: Answered;
}

export interface Matrix<Place extends string = ForeignPlace> {
  readonly dialect: Dialect;
  /** By method and path; a sign for each column. */
  readonly rows: Readonly<Record<string, string>>;
  /** What is declared and has no row. */
  readonly rowless?: (route: DeclaredRoute) => boolean;
  /** What is declared to refuse a method, and has no row either. */
  readonly refusing?: readonly string[];
  /** The store of `here` on which the columns hold what they hold, if it is not `mine`. */
  readonly store?: string;
  /** Makes what it needs besides; the callers that it answers are asked as those of the columns are. */
  readonly prepare: (world: World, admitted: readonly Caller[]) => Promise<readonly Caller[]>;
  readonly placesOf: (row: string) => readonly Place[];
  readonly skips?: (cell: Cell<Place>) => boolean;
  readonly ask: (cell: Cell<Place>) => Promise<Answered>;
  readonly wanted: (cell: Cell<Place>) => number | string;
  readonly outcome: (seen: Seen<Place>) => number | string;
  /** There are more cells than that. */
  readonly cellsOver: number;
  readonly hidden?: Hidden<Place>;
}

export interface Hidden<Place extends string = ForeignPlace> {
  /** Whether a cell, in its own place or another tenant's, is hidden as its twin's nothing is. */
  readonly from: (seen: Seen<Place>, twin: Seen<Place>) => boolean;
  /** What is told but for the names that it repeats. */
  readonly alike?: (text: string) => string;
  /** There are more pairs than that. */
  readonly pairsOver: number;
}

const width = 24;
const twins: Readonly<Record<string, string>> = { own: "missing", "other tenant": "missing organization" };

export const named = ({ row, caller, place }: Cell<string>) => `${row}, ${place}, ${caller.name}`;

/** Where a row asks, by what its path names: a thing, and the organization that it lies in. */
export const placesBy =
  (thing: RegExp, organization: string) =>
  (row: string): readonly ForeignPlace[] => [
    "own",
    ...(thing.test(row) ? (["missing"] as const) : []),
    ...(row.includes(organization) ? (["missing organization", "other tenant"] as const) : []),
  ];

/** 200 for any 2xx, and for what meets who may where doing it would spoil the place. */
export const doneOr =
  (...obstacles: readonly number[]) =>
  ({ answer: { status } }: Seen<string>): number =>
    status < 300 || obstacles.includes(status) ? 200 : status;

/** Asks all cells and tests what they answered; a dialect's own tests look at it as well. */
export function matrixOf<Place extends string = ForeignPlace>(
  matrix: Matrix<Place>,
): () => readonly Seen<Place>[] {
  const { dialect, rows, rowless, refusing = [], wanted, outcome, hidden } = matrix;
  let coffer: TestCoffer;
  let wire: Wire;
  let seen: readonly Seen<Place>[];

  beforeAll(async () => {
    coffer = await startCoffer();
    wire = wireTo(coffer.url, width);
    const made = await makeWorld(wire, coffer.token, coffer.bootstrap.person.id);
    const world = matrix.store === undefined ? made : await heldAt(made, matrix.store);
    const { admitted, refused } = await makeCallers(world, coffer.data);
    const more = await matrix.prepare(world, admitted);
    // Until then the expired token has not.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const cells = cellsOf(matrix, [...admitted, ...more], refused);
    seen = await inParallel(cells, width, async (cell) => ({ ...cell, answer: await matrix.ask(cell) }));
  }, 180_000);

  afterAll(async () => {
    wire.close();
    await coffer.stop();
  });

  test("every route has a row", async () => {
    const declared = await declaredRoutes(dialect, coffer);
    const inTable = declared.filter((route) => rowless?.(route) !== true).map(({ row }) => row);
    expect([...new Set(inTable)].sort()).toEqual([...Object.keys(rows), ...refusing].sort());
    expect(seen.length).toBeGreaterThan(matrix.cellsOver);
  });

  test("every cell is as the table says", () => {
    const wrong = seen
      .filter((cell) => outcome(cell) !== wanted(cell))
      .map((cell) => `${named(cell)}: ${wanted(cell)} was to be, ${told(cell).slice(0, 160)} was`);
    expect(wrong).toEqual([]);
  });

  if (hidden !== undefined) {
    test("what is hidden from a caller answers as what is not there, to the letter", () => {
      const { compared, differ } = compareTwins(seen, hidden);
      expect(differ).toEqual([]);
      expect(compared).toBeGreaterThan(hidden.pairsOver);
    });
  }

  return () => seen;
}

async function heldAt(world: World, store: string): Promise<World> {
  const storeId = await idAt(world, world.here, `/stores/${store}`);
  return { ...world, here: { ...world.here, store, storeId } };
}

/** Whom no credential lets in is refused before anything is looked for: his own place is enough. */
function cellsOf<Place extends string>(
  { rows, placesOf, skips }: Matrix<Place>,
  admitted: readonly Caller[],
  refused: readonly Caller[],
): readonly Cell<Place>[] {
  const ofRow = (row: string) =>
    placesOf(row).flatMap((place) =>
      [...admitted, ...(place === "own" ? refused : [])].map((caller) => ({ row, caller, place })),
    );
  return Object.keys(rows)
    .flatMap(ofRow)
    .filter((cell) => skips?.(cell) !== true);
}

function compareTwins<Place extends string>(
  seen: readonly Seen<Place>[],
  { from, alike }: Hidden<Place>,
): { compared: number; differ: readonly string[] } {
  const byCell = new Map(seen.map((cell) => [named(cell), cell]));
  const differ: string[] = [];
  let compared = 0;
  for (const cell of seen) {
    const place = twins[cell.place];
    const twin = place && byCell.get(named({ ...cell, place }));
    if (!twin || !from(cell, twin)) continue;
    compared += 1;
    if (told(cell, alike) !== told(twin, alike)) differ.push(`${named(cell)}: ${told(cell)} | ${told(twin)}`);
  }
  return { compared, differ };
}

function told({ answer: { status, text } }: Seen<string>, alike = (it: string) => it): string {
  return `${status} ${alike(text)}`;
}
