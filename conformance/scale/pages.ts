// The library's own walk through pages: on and back, and past a secret that went meanwhile.
import assert from "node:assert/strict";
import type { Suite } from "../support/suite.ts";
import { variablesOf } from "./life.ts";
import { type Mode, type Release, startSdk } from "./sdk.ts";
import { type Account, addAccount, type Site } from "./site.ts";

const count = 250;

async function filled(site: Site): Promise<Account> {
  const { coffer } = site;
  const account = await addAccount(coffer);
  const { base } = account;
  const numbers = Array.from({ length: count }, (_, index) => String(index).padStart(3, "0"));
  for (const number of numbers) {
    const body = { name: `s-${number}`, value: "v" };
    await coffer.ask("POST", `${base}/stores/default/secrets`, body);
  }
  return account;
}

export async function pageChecks(
  suite: Suite,
  site: Site,
  { release, mode }: { readonly release: Release; readonly mode: Mode },
): Promise<void> {
  const by = `${release.name} ${mode}:`;
  const account = await filled(site);
  const sdk = startSdk(release, variablesOf(site, account));
  const ids = async (given: Readonly<Record<string, unknown>>): Promise<string[]> =>
    (await sdk.does({ mode, call: "walk", with: given })).map(({ id }: { id: string }) => id);
  site.front.seen();

  await suite.check(`${by} ${count} secrets in three pages, on and back`, async () => {
    const on = await ids({ limit: 100 });
    assert.equal(new Set(on).size, count);
    assert.equal(site.front.seen().length, 3);
    assert.deepEqual(await ids({}), on);
    assert.equal(site.front.seen().length, 3);
    // The library goes back page by page, each page in the order of the list.
    const back = await ids({ limit: 100, ending_before: on.at(-1) });
    assert.equal(site.front.seen().length, 3);
    assert.deepEqual(back, [...on.slice(149, 249), ...on.slice(49, 149), ...on.slice(0, 49)]);
    assert.deepEqual(await ids({ limit: 10_000 }), on);
    assert.equal(site.front.seen().length, 1);
  });

  await suite.check(`${by} each order, and its reverse`, async () => {
    for (const sort_by of ["created_at", "updated_at", "key", "id"]) {
      const upward = await ids({ limit: 100, sort_by, sort_order: "asc" });
      const downward = await ids({ limit: 60, sort_by, sort_order: "desc" });
      assert.equal(new Set(upward).size, count);
      assert.deepEqual(downward, upward.toReversed(), sort_by);
    }
    site.front.seen();
  });

  await suite.check(
    `${by} the secret at which a page ended goes, and the walk goes on after it`,
    async () => {
      const before = await ids({ limit: 100, sort_by: "key" });
      const last = before[99] ?? "";
      site.front.seen();
      let pages = 0;
      site.front.after = async () => {
        pages += 1;
        if (pages === 1)
          await site.coffer.ask("DELETE", `${account.base}/stores/default/secrets/${last}?purge=true`);
      };
      try {
        assert.deepEqual(await ids({ limit: 100, sort_by: "key" }), before);
      } finally {
        site.front.after = async () => {};
      }
      assert.deepEqual(
        await ids({ limit: 100, sort_by: "key" }),
        before.filter((id) => id !== last),
      );
      const body = { name: "s-099", value: "v" };
      await site.coffer.ask("POST", `${account.base}/stores/default/secrets`, body);
    },
  );
  sdk.close();
}
