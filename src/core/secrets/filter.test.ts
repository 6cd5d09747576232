// Each value of a selector is a parameter of one statement: how many there may be.
import { expect, test } from "vitest";
import { CofferError } from "../errors.ts";
import { limits } from "../limits.ts";
import { demandSelectors, type LabelRequirement } from "./filter.ts";

const { labelSelectorsMax, selectorValuesMax } = limits;
const label: LabelRequirement = { key: "env", operator: "in", values: ["prod"] };
const texts = (count: number) => Array.from({ length: count }, (_, index) => `v${index}`);
const labels = (count: number) => texts(count).map(() => label);
const valued = (count: number) => [label, { ...label, values: texts(count) }];

function refusal(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    if (error instanceof CofferError) return [error.code, error.details.field, error.details.limit];
    throw error;
  }
  return null;
}

test.each([
  ["none at all", [], null, null],
  ["as many labels as may be", labels(labelSelectorsMax), null, null],
  ["one label more", labels(labelSelectorsMax + 1), null, ["label", labelSelectorsMax]],
  ["as many values as may be", valued(selectorValuesMax), texts(selectorValuesMax), null],
  ["one value more", valued(selectorValuesMax + 1), null, ["label", selectorValuesMax]],
  ["one consumer more", [], texts(selectorValuesMax + 1), ["consumers", selectorValuesMax]],
] as const)("selectors: %s", (_, labels, consumersAnyOf, refused) => {
  const answer = refusal(() => demandSelectors({ labels, consumersAnyOf }));
  expect(answer).toEqual(refused && ["request.invalid", ...refused]);
});
