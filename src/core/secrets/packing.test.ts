import fc from "fast-check";
import { expect, test } from "vitest";
import { callerKinds } from "../caller.ts";
import { type PackedRecordings, packRecordings, packReveal, unpackRecordings } from "./packing.ts";
import type { Recording } from "./record.ts";

const organizationId = "o1";
const orNull = (text: fc.Arbitrary<string>) => fc.option(text, { nil: null });
const number = fc.nat();

const caller = fc.record({
  kind: fc.constantFrom(...callerKinds),
  id: fc.string(),
  name: fc.string(),
  tokenId: orNull(fc.string()),
  dialect: fc.string(),
  address: orNull(fc.string()),
  requestId: orNull(fc.string()),
});

const reveal = fc.record({
  secretId: fc.string(),
  storeId: fc.string(),
  name: orNull(fc.string()),
  revision: number,
  version: number,
  because: fc.string(),
  touch: fc.boolean(),
});

const recording: fc.Arbitrary<Recording> = fc.record({
  caller,
  at: number,
  organizationId: fc.constant(organizationId),
  epochs: fc.record({ installation: number, organization: number }),
  seenRevision: number,
  reveals: fc.array(reveal, { maxLength: 4 }),
});

test("what was packed comes out as it was, also where callers follow each other", () => {
  fc.assert(
    fc.property(fc.array(recording, { maxLength: 5 }), fc.array(fc.nat(4)), (made, repeats) => {
      // The same caller again, by another request: what the layout leaves out.
      const again = repeats.flatMap((index) => {
        const one = made[index % Math.max(made.length, 1)];
        return one === undefined ? [] : [one, { ...one, caller: { ...one.caller, requestId: "again" } }];
      });
      const recordings = [...made, ...again];
      const packed = recordings.map((one) => ({
        ...one,
        reveals: one.reveals.map((reveal) => ({ packed: packReveal(reveal), touch: reveal.touch })),
      }));
      expect(unpackRecordings(organizationId, packRecordings(packed))).toEqual(recordings);
    }),
  );
});

test("what is no recording is refused", () => {
  for (const list of [
    [0, null, 1, 1, 1, 1, 0],
    [1, "nobody"],
  ]) {
    const packed = JSON.stringify(list) as PackedRecordings;
    expect(() => unpackRecordings(organizationId, packed)).toThrow(TypeError);
  }
});
