import { expect, test } from "vitest";
import { remoteTrace, traceState } from "./trace-context.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";

test("a trace is taken over exactly in its form", () => {
  expect(remoteTrace(`00-${traceId}-${spanId}-01`)).toEqual({ traceId, spanId, sampled: true });
  expect(remoteTrace(`00-${traceId}-${spanId}-02`)).toEqual({ traceId, spanId, sampled: false });
  for (const wrong of [
    undefined,
    "",
    `01-${traceId}-${spanId}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${"0".repeat(32)}-${spanId}-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    `00-${traceId}-${spanId}-1`,
    `00-${traceId}-${spanId}-01-more`,
    ` 00-${traceId}-${spanId}-01`,
    `00-${traceId}-${spanId}-01\n`,
    `00-${traceId}-${spanId}-01, 00-${traceId}-${spanId}-01`,
    [`00-${traceId}-${spanId}-01`],
  ]) {
    expect(remoteTrace(wrong), String(wrong)).toBe(null);
  }
});

test("what other vendors add is bounded", () => {
  expect(traceState("vendor=1,other=2")).toBe("vendor=1,other=2");
  for (const wrong of [undefined, "", "x".repeat(513), "a=\u00e9", "a=\n"])
    expect(traceState(wrong)).toBe(null);
});
