import { expect, test } from "vitest";
import { isUuid, uuidv7 } from "./ids.ts";

const form = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("ids have the form of version 7, carry the time, and none comes twice", () => {
  const ids = uuidv7({ now: () => 0x0123_4567_89ab });
  const made = Array.from({ length: 10_000 }, () => ids.next());
  for (const id of made) expect(id).toMatch(form);
  expect(made[0]?.slice(0, 13)).toBe("01234567-89ab");
  expect(new Set(made).size).toBe(made.length);
});

test("ids of one process sort in the order in which they were made, also when the clock stands or goes back", () => {
  let now = 1_000_000;
  const ids = uuidv7({ now: () => now });
  const made: string[] = [];
  for (let round = 0; round < 20_000; round += 1) {
    made.push(ids.next());
    if (round === 9_000) now -= 500;
    if (round % 5_000 === 0) now += 1;
  }
  expect([...made].sort()).toEqual(made);
});

test("any version is an id, in either letter case; nothing else is", () => {
  expect(isUuid("30F93DD5-bc23-4a14-8ad3-fd1920ea8eb5")).toBe(true);
  for (const text of [
    "",
    "default",
    "30f93dd5bc234a148ad3fd1920ea8eb5",
    "30f93dd5-bc23-4a14-8ad3-fd1920ea8eb5 ",
  ]) {
    expect([text, isUuid(text)]).toEqual([text, false]);
  }
});
