import { expect, test } from "vitest";
import { standbysWarning } from "./standbys.ts";

test("an operator is warned where acknowledged writes may be lost, and where they wait", () => {
  expect(standbysWarning("none")).toMatch(/are lost/);
  expect(standbysWarning("absent")).toMatch(/writes wait/);
  expect(standbysWarning("present")).toBeNull();
  expect(standbysWarning("unseen")).toBeNull();
});
