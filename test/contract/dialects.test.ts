// What dialects ask of the core beyond the native API, on both engines.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Caller } from "../../src/core/caller.ts";
import type { CofferError } from "../../src/core/errors.ts";
import type { Ref } from "../../src/core/organizations/organization.ts";
import type { Intent } from "../../src/core/preflight.ts";
import { coffers, freshStore, home, refusal, text } from "../support/coffers.ts";
import { type TestCoffer, tokenIdOf } from "../support/server.ts";

for (const engine of coffers) {
  describe(`operations for dialects on ${engine.name}`, () => {
    let coffer: TestCoffer;
    let owner: Caller;
    let store: Ref & { readonly id: string };
    beforeAll(async () => {
      coffer = await engine.start();
      owner = coffer.owner;
      const { id } = (await freshStore(coffer)) as { id: string };
      store = { id };
    });
    afterAll(() => coffer.stop());
    const operations = () => coffer.node.operations;

    /** A job's session, as its token would be authenticated. */
    const aJob = async (jobId: string): Promise<Caller> => {
      const { token } = await operations().jobs.start(owner, home, store, { jobId, claims: {} });
      return { ...owner, kind: "job", name: jobId, tokenId: tokenIdOf(token) };
    };

    test("of two names that differ in letter case alone, written at once, one is taken", async () => {
      const { secrets } = operations();
      for (let turn = 0; turn < 20; turn += 1) {
        const name = `Name_${turn}`;
        const made = await Promise.allSettled(
          [name, name.toUpperCase(), name.toLowerCase()].map((each) =>
            secrets.create(owner, home, store, { name: each, value: text("v") }, { foldNames: true }),
          ),
        );
        const refused = made.flatMap((one) => (one.status === "rejected" ? [one.reason as CofferError] : []));
        expect(refused.map(({ code }) => code)).toEqual(["secret.name_taken", "secret.name_taken"]);
      }
    });

    test("of two stores of one name that must be the only one, made at once, one is taken", async () => {
      for (let turn = 0; turn < 5; turn += 1) {
        const request = { name: `Alone ${turn}`, uniqueName: true };
        const made = await Promise.allSettled(
          [1, 2, 3].map(() => operations().stores.create(owner, home, request)),
        );
        expect(made.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
        const [one] = made.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
        await operations().stores.remove(
          owner,
          home,
          { id: one?.id ?? "" },
          { force: false, removal: "trash" },
        );
      }
    });

    test("a value is revealed under its exact name first, then under the only one like it", async () => {
      const { secrets } = operations();
      const job = await aJob(randomUUID());
      const add = (name: string) => secrets.create(owner, home, store, { name, value: text(`of ${name}`) });
      const read = async (name: string) => {
        const { value } = await secrets.reveal(job, home, store, { name }, { foldNames: true });
        return value?.reveal();
      };
      await add("Straße");
      for (const name of ["STRASSE", "straße", "Straße", "STRASSE"])
        expect(await read(name)).toBe("of Straße");
      expect((await refusal(secrets.reveal(job, home, store, { name: "STRASSE" }))).code).toBe(
        "secret.not_found",
      );
      await add("STRASSE");
      expect(await read("STRASSE")).toBe("of STRASSE");
      expect((await refusal(read("strasse"))).code).toBe("secret.not_found");
    });

    test("a job learns where it reads, by its own name alone", async () => {
      const jobId = randomUUID();
      const job = await aJob(jobId);
      const { id: organizationId } = coffer.bootstrap.organization;
      const place = { organizationId, storeId: store.id, jobId };
      expect(await operations().jobs.session(job, jobId.toUpperCase())).toEqual(place);
      const error = await refusal(operations().jobs.session(job, randomUUID()));
      expect([error.code, error.because]).toEqual(["job.not_found", "job: another one is named"]);
      expect((await refusal(operations().jobs.session(owner, jobId))).because).toBe("misplaced");
    });

    test("what a request will be refused for is known before, scope by scope", async () => {
      const { preflight, tokens, demandScope } = operations();
      const principal = { kind: "person", id: owner.id } as const;
      const request = { name: "narrow", scopes: ["write_secrets"] };
      const { token } = await tokens.mint(owner, home, principal, request);
      const narrow = { ...owner, tokenId: token.id };
      const intent = (action: Intent["action"], ...names: [string, ...string[]]): Intent => ({
        action,
        scope: { names, byAction: true },
        place: { store },
      });
      expect((await preflight(narrow, home, intent("secret.create", "w", "write_secrets"))).slug).toBe(
        "default",
      );
      const lacking = await refusal(
        preflight(narrow, home, intent("secret.list", "r", "read_secret_details")),
      );
      expect([lacking.code, lacking.details.scope]).toEqual(["caller.denied", "r"]);
      const missing = { ...intent("secret.create", "write_secrets"), place: { store: { id: randomUUID() } } };
      expect((await refusal(preflight(narrow, home, missing))).code).toBe("store.not_found");
      const nowhere = await refusal(preflight(owner, { slug: "nowhere" }, intent("secret.list", "r")));
      expect(nowhere.code).toBe("organization.not_found");
      const unscoped = await refusal(demandScope(narrow, { ...intent("secret.list", "r") }));
      expect(unscoped.details.scope).toBe("r");
    });

    test("a token ends itself; authors are members; a store is found by its id alone", async () => {
      const { tokens, people, stores } = operations();
      const { token } = await tokens.own.mint(owner, { name: "own" });
      const own = { ...owner, tokenId: token.id };
      const [author, ...others] = await people.authors(own, home, [owner.id, randomUUID(), owner.id]);
      expect([author?.email, others]).toEqual([coffer.bootstrap.person.email, []]);
      expect(await stores.organizationOf(own, store.id)).toBe(coffer.bootstrap.organization.id);
      expect(await stores.organizationOf(own, randomUUID())).toBeNull();
      const { items, total } = await stores.list(own, home, { offset: 1, limit: 1, totals: true });
      expect([items.length, total]).toEqual([1, 2]);
      await tokens.revokeCurrent(own);
      expect((await refusal(tokens.revokeCurrent(own))).code).toBe("caller.unauthenticated");
    });
  });
}
