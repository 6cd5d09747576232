// Values are read while access changes all the time, on both engines.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { coffers, freshStore, home, text } from "../support/coffers.ts";
import type { TestCoffer } from "../support/server.ts";

for (const engine of coffers) {
  describe(`a storm of changes of access, on ${engine.name}`, () => {
    let coffer: TestCoffer;
    beforeAll(async () => {
      coffer = await engine.start();
    });
    afterAll(() => coffer.stop());

    test("holds up no reveal", async () => {
      const { owner } = coffer;
      const { secrets, tokens } = coffer.node.operations;
      const store = await freshStore(coffer);
      const { id } = await secrets.create(owner, home, store, { name: "S", value: text("v") });
      let blowing = true;
      let changes = 0;
      const blow = async () => {
        while (blowing) {
          const { token } = await tokens.mint(owner, home, { kind: "person", id: owner.id }, { name: "t" });
          await tokens.revoke(owner, home, token.id);
          changes += 1;
        }
      };
      const storm = [0, 1, 2, 3, 4, 5, 6, 7].map(blow);
      const seen: (string | undefined)[] = [];
      const read = async () => {
        for (let turn = 0; turn < 20; turn += 1) {
          const by = turn % 2 === 0 ? {} : { version: 1 };
          seen.push((await secrets.reveal(owner, home, store, { id }, by)).value?.reveal());
        }
      };
      await Promise.all([0, 1, 2, 3].map(read)).finally(() => {
        blowing = false;
      });
      await Promise.all(storm);
      expect(seen).toEqual(Array.from({ length: 80 }, () => "v"));
      expect(changes).toBeGreaterThan(20);
    });
  });
}
