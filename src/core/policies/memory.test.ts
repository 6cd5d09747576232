import { expect, test } from "vitest";
import { pipelineClaims } from "./claims.ts";
import { policyMemory } from "./memory.ts";

const textOf = (index: number) => `- build_branch: b${index}\n`;

test("the same text is parsed once, readable or not", () => {
  const known = policyMemory(pipelineClaims);
  expect(known(textOf(1))).toBe(known(textOf(1)));
  expect(known(textOf(1))).not.toBe(known(textOf(2)));
  expect(known(null)).toBeNull();
  expect(known("# none")).toBeNull();
  expect(known("[{branch: main}]")).toBe("unreadable");
  expect(known("[{branch: main}]")).toBe("unreadable");
});

test("what is asked for stays, the rest goes, and what went is parsed anew", () => {
  const known = policyMemory(pipelineClaims, 20 * 700);
  const kept = known(textOf(0));
  const gone = known(textOf(1));
  for (let index = 2; index < 100; index += 1) {
    known(textOf(index));
    expect(known(textOf(0))).toBe(kept);
  }
  expect(known(textOf(1))).not.toBe(gone);
  expect(known(textOf(1))).toEqual(gone);
});

test("a policy larger than the whole memory is still read", () => {
  const known = policyMemory(pipelineClaims, 100);
  expect(known(textOf(1))).toEqual(policyMemory(pipelineClaims)(textOf(1)));
});

test("10,000 policies of a store are all remembered", () => {
  const known = policyMemory(pipelineClaims);
  const texts = Array.from(
    { length: 10_000 },
    (_, index) => `${textOf(index)}  pipeline_slug: [web, "api-*"]\n`,
  );
  const first = texts.map(known);
  expect(texts.map(known).every((policy, index) => policy === first[index])).toBe(true);
});
