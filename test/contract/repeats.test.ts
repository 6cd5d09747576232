// Creates that are sent again because their answer was lost, on both engines.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Caller } from "../../src/core/caller.ts";
import type { Ref } from "../../src/core/organizations/organization.ts";
import type { NewSecret } from "../../src/core/secrets/create.ts";
import { coffers, freshStore, heldClock, home, refusal, text } from "../support/coffers.ts";
import type { TestCoffer } from "../support/server.ts";

const withinMs = 120_000;

for (const engine of coffers) {
  describe(`a create that is sent again, on ${engine.name}`, () => {
    const clock = heldClock();
    let coffer: TestCoffer;
    let owner: Caller;
    let store: Ref;
    beforeAll(async () => {
      coffer = await engine.start({ clock });
      owner = coffer.owner;
      store = await freshStore(coffer);
    });
    afterAll(() => coffer.stop());
    const secrets = () => coffer.node.operations.secrets;
    const once = (secret: NewSecret, caller = owner) =>
      secrets().createOnce(caller, home, store, secret, withinMs);
    const like = (name: string): NewSecret => ({ name, value: text("v"), attributes: { by: "a" } });

    test("is answered with what it made, for as long as it may be", async () => {
      const made = await once(like("again"));
      clock.pass(withinMs - 1);
      expect(await once(like("again"))).toEqual(made);
      clock.pass(1);
      expect((await refusal(once(like("again")))).code).toBe("secret.name_taken");
    });

    test("makes one secret, however many arrive together", async () => {
      for (let turn = 0; turn < 10; turn += 1) {
        const made = await Promise.all([0, 1, 2, 3].map(() => once(like(`together-${turn}`))));
        expect(new Set(made.map(({ id }) => id)).size).toBe(1);
        expect(made[0]?.version).toBe(1);
      }
    });

    test.each<[string, Partial<NewSecret>]>([
      ["another value", { value: text("w") }],
      ["no value", { value: null }],
      ["another description", { description: "d" }],
      ["other attributes", { attributes: { by: "b" } }],
    ])("is another one with %s", async (_, other) => {
      const name = `other-${Object.keys(other)[0]}-${Object.values(other)[0]}`;
      await once(like(name));
      expect((await refusal(once({ ...like(name), ...other }))).code).toBe("secret.name_taken");
    });

    test("is another one when it was changed, deleted or of somebody else's making", async () => {
      await once(like("changed"));
      await secrets().update(owner, home, store, { name: "changed" }, { value: text("v") });
      expect((await refusal(once(like("changed")))).code).toBe("secret.name_taken");
      const gone = await once(like("gone"));
      await secrets().remove(owner, home, store, { name: "gone" }, { removal: "trash" });
      expect((await once(like("gone"))).id).not.toBe(gone.id);
      const { machines, grants, tokens } = coffer.node.operations;
      const machine = await machines.create(owner, home, { name: `m-${engine.name}` });
      const subject = { kind: "machine", id: machine.id } as const;
      const object = { kind: "organization", id: coffer.bootstrap.organization.id } as const;
      await grants.put(owner, home, { subject, object, level: "write" });
      const { token } = await tokens.mint(owner, home, subject, { name: "t" });
      const robot: Caller = { ...owner, ...subject, name: machine.name, tokenId: token.id };
      await once(like("theirs"), robot);
      expect((await refusal(once(like("theirs")))).code).toBe("secret.name_taken");
    });
  });
}
