import { expect, test } from "vitest";
import { migration, outstanding } from "./migrate.ts";

const [first, second, third] = ["0001-initial", "0002-more", "0003-most"].map((id) =>
  migration({ id, up: () => [] }),
) as [ReturnType<typeof migration>, ReturnType<typeof migration>, ReturnType<typeof migration>];

test("only what has not run yet is outstanding, in order", () => {
  expect(outstanding([first, second, third], ["0001-initial"])).toEqual([second, third]);
  expect(outstanding([first], ["0001-initial"])).toEqual([]);
});

test("a database with a migration that nobody here knows is refused by name", () => {
  expect(() => outstanding([first], ["0001-initial", "0002-more"])).toThrow(/0002-more/);
  expect(() => outstanding([first, second], ["0002-more"])).toThrow(/newer version/);
});

test("a list out of order or with a wrong name is a mistake of ours", () => {
  expect(() => outstanding([second, first], [])).toThrow(/does not follow/);
  expect(() => outstanding([migration({ id: "1-x", up: () => [] })], [])).toThrow(/not named/);
});
