// A claim policy is checked where it is written and nowhere else, on both engines.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Ref } from "../../src/core/organizations/organization.ts";
import type { SecretOperations } from "../../src/core/secrets/operations.ts";
import { updateSecret } from "../../src/core/secrets/update.ts";
import { coffers, freshStore, home, refusal } from "../support/coffers.ts";
import type { TestCoffer } from "../support/server.ts";

const readable = "- build_branch: main # kept\n";
const unreadable = "- branch: main\n";

for (const engine of coffers) {
  describe(`policies on ${engine.name}`, () => {
    let coffer: TestCoffer;
    let secrets: SecretOperations;
    let owner: TestCoffer["owner"];
    let store: Ref;

    beforeAll(async () => {
      coffer = await engine.start();
      secrets = coffer.node.operations.secrets;
      owner = coffer.owner;
      store = await freshStore(coffer);
    });
    afterAll(() => coffer.stop());

    test("what is no policy is refused by every operation that takes one", async () => {
      const secret = { name: "guarded" };
      await secrets.create(owner, home, store, { ...secret, policy: readable });
      const before = await secrets.get(owner, home, store, secret);
      const attempts = [
        () => secrets.create(owner, home, store, { name: "new", policy: unreadable }),
        () => secrets.createAll(owner, home, store, [{ name: "one" }, { name: "new", policy: unreadable }]),
        () => secrets.update(owner, home, store, secret, { policy: unreadable }),
        () => secrets.modify(owner, home, store, secret, () => ({ policy: unreadable })),
        () => secrets.duplicate(owner, home, store, secret, { name: "new", policy: unreadable }),
      ];
      for (const attempt of attempts) {
        const { code, details } = await refusal(attempt());
        const rule = "rule 1 has an unknown claim 'branch'";
        expect({ code, details }).toMatchObject({
          code: "request.invalid",
          details: { field: "policy", rule, line: 1, nearest: "build_branch" },
        });
      }
      expect(await secrets.get(owner, home, store, secret)).toEqual(before);
      for (const name of ["one", "new"]) {
        expect((await refusal(secrets.get(owner, home, store, { name }))).code).toBe("secret.not_found");
      }
    });

    test("one that is found unreadable hinders no other change, and is copied as it stands", async () => {
      const secret = { name: "damaged" };
      const { id } = await secrets.create(owner, home, store, secret);
      const { database, clock } = coffer.node.context;
      await database.execute(updateSecret, {
        caller: owner,
        at: clock.now(),
        organizationId: coffer.bootstrap.organization.id,
        store,
        secret: { id },
        metadata: { policy: unreadable },
        toStore: null,
        value: null,
        precondition: {},
        foldNames: false,
        dryRun: false,
        unlessSame: false,
      });
      const labelled = await secrets.update(owner, home, store, secret, { labels: { a: "b" } });
      expect(labelled).toMatchObject({ labels: { a: "b" }, policy: unreadable });
      const copy = await secrets.duplicate(owner, home, store, secret, { name: "copy" });
      expect(copy.policy).toBe(unreadable);
      const mended = await secrets.update(owner, home, store, secret, { policy: readable });
      expect(mended.policy).toBe(readable);
    });
  });
}
