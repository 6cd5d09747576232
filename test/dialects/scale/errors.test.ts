// Every error of the domain on this wire: what a client is told of sending it again, and no inner words.
import { describe, expect, test } from "vitest";
import { CofferError, errorCodes } from "../../../src/core/errors.ts";
import { errors, presentError } from "../../../src/dialects/scale/errors.ts";

const context = { because: "an inner reason", cause: new Error("an inner cause") };

describe("what is told of sending it again", () => {
  test.each([
    ["request.invalid", 422, { "x-should-retry": "false" }],
    ["request.too_large", 413, { "x-should-retry": "false" }],
    ["caller.unauthenticated", 401, { "x-should-retry": "false" }],
    ["caller.denied", 403, { "x-should-retry": "false" }],
    ["organization.not_found", 403, { "x-should-retry": "false" }],
    ["store.not_found", 403, { "x-should-retry": "false" }],
    ["secret.not_found", 404, { "x-should-retry": "false" }],
    ["route.not_found", 404, { "x-should-retry": "false" }],
    ["cursor.invalid", 400, { "x-should-retry": "false" }],
    ["secret.name_taken", 409, { "x-should-retry": "false" }],
    ["quota.exceeded", 403, { "x-should-retry": "false" }],
    ["caller.throttled", 429, { "retry-after": "60" }],
    ["rate.exceeded", 429, { "retry-after": "60" }],
    ["server.sealed", 503, { "retry-after": "10" }],
    ["server.busy", 503, { "retry-after": "1", "x-should-retry": "true" }],
    ["storage.unavailable", 503, { "retry-after": "1", "x-should-retry": "true" }],
    ["storage.outcome_unknown", 503, { "retry-after": "1", "x-should-retry": "true" }],
    ["key.rotated", 503, { "retry-after": "1", "x-should-retry": "true" }],
    ["storage.full", 503, { "x-should-retry": "false" }],
    ["value.integrity", 500, {}],
    ["internal", 500, {}],
  ] as const)("%s: %i %j", (code, status, headers) => {
    const reply = presentError(new CofferError(code, "Said.", {}, context));
    expect({ status: reply.status, headers: reply.headers }).toEqual({ status, headers });
  });

  test("a limit names its own time", () => {
    const limited = new CofferError("rate.exceeded", "Said.", { retryAfterSeconds: 7 });
    expect(presentError(limited)).toEqual({
      status: 429,
      headers: { "retry-after": "7" },
      body: { detail: "Too Many Requests" },
    });
  });
});

test.each(errorCodes)("%s has a body of one member, and inner words are not in it", (code) => {
  const reply = presentError(new CofferError(code, "Said.", { field: "name", rule: "must be so" }, context));
  expect(reply.status).toBe(errors[code].status);
  expect(Object.keys(reply.body as object)).toEqual(["detail"]);
  expect(JSON.stringify(reply)).not.toContain("inner");
  const { detail } = reply.body as { detail: unknown };
  const list = [{ loc: ["body", "key"], msg: "Value error, must be so", type: "value_error" }];
  expect(detail).toEqual(reply.status === 422 ? list : expect.any(String));
});

test.each([
  ["body", ["body"], "json_invalid"],
  ["value", ["body", "value"], "value_error"],
  ["description", ["body", "description"], "value_error"],
  ["x-forwarded-for", ["header", "x-forwarded-for"], "value_error"],
] as const)("what is wrong with %s says where it stands", (field, loc, type) => {
  const { status, body } = presentError(new CofferError("request.invalid", "Said.", { field }));
  expect({ status, body }).toMatchObject({ status: 422, body: { detail: [{ loc, type }] } });
});
