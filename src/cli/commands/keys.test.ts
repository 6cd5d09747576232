import { describe, expect, test } from "vitest";
import { exitCodes } from "../exit-codes.ts";
import { Failure, usage } from "../failure.ts";
import { onceHeld } from "./keys.ts";

const notHeld = new Failure(exitCodes.conflict, "The root key is not held yet by b:2.", {
  code: "key.not_held",
});

function outcomes(...list: readonly (string | Error)[]) {
  const left = [...list];
  const said: string[] = [];
  let pauses = 0;
  const run = () =>
    onceHeld(
      { say: async (line) => void said.push(line) },
      async () => {
        const next = left.length > 1 ? left.shift() : left[0];
        if (next instanceof Error) throw next;
        return next;
      },
      async () => {
        pauses += 1;
      },
    );
  return { run, said, pauses: () => pauses };
}

describe("a step that waits for every node", () => {
  test("is asked for again until the last node holds the key, and says once for whom it waits", async () => {
    const it = outcomes(notHeld, notHeld, notHeld, "moved");
    expect(await it.run()).toBe("moved");
    expect([it.pauses(), it.said]).toEqual([3, ["The root key is not held yet by b:2. Waiting for it."]]);
  });

  test("gives up in the end with what the server said", async () => {
    const it = outcomes(notHeld);
    await expect(it.run()).rejects.toBe(notHeld);
    expect(it.pauses()).toBe(45);
  });

  test("passes every other failure on at once", async () => {
    const other = usage("something else");
    const it = outcomes(other, "moved");
    await expect(it.run()).rejects.toBe(other);
    expect(it.pauses()).toBe(0);
  });
});
