// What the library does by itself when an answer is lost, and when the server cannot answer.
import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import { join } from "node:path";
import type { Suite } from "../support/suite.ts";
import { variablesOf } from "./life.ts";
import { type Mode, type Release, startSdk } from "./sdk.ts";
import { aKey, closeSite, openSite, type Site, valueNatively } from "./site.ts";

export async function lostAnswerChecks(
  suite: Suite,
  site: Site,
  release: Release,
  mode: Mode,
): Promise<void> {
  const { front, one, coffer } = site;
  const by = `${release.name} ${mode}:`;
  const sdk = startSdk(release, variablesOf(site, one));
  const loseFirst = (method: string) => {
    front.seen();
    let left = 1;
    front.loses = (asked) => asked.method === method && left-- > 0;
  };
  const asked = () =>
    front.seen().map(({ method, headers, status }) => [method, headers["x-stainless-retry-count"], status]);

  await suite.check(`${by} a create whose answer is lost is sent again, and makes one secret`, async () => {
    loseFirst("POST");
    const key = aKey();
    const made = await sdk.does({ mode, call: "create", with: { key, value: "once", description: "d" } });
    assert.deepEqual(asked(), [
      ["POST", "0", 200],
      ["POST", "1", 200],
    ]);
    assert.equal(await valueNatively(site, one, key), "once");
    const { items } = await coffer.ask("GET", `${one.base}/audit?target=${made.id}&action=secret.create`);
    const outcomes = items.map(
      ({ outcome, details }: { outcome: string; details: { repeated?: boolean } }) => [
        outcome,
        details.repeated ?? false,
      ],
    );
    assert.deepEqual(outcomes, [
      ["allowed", true],
      ["allowed", false],
    ]);
  });

  await suite.check(
    `${by} a change whose answer is lost is made again; a delete ends as not found`,
    async () => {
      const { id: secret_id } = await sdk.does({ mode, call: "create", with: { key: aKey(), value: "v" } });
      loseFirst("PATCH");
      const changed = await sdk.does({ mode, call: "update", with: { secret_id, description: "kept" } });
      assert.equal(changed.description, "kept");
      assert.deepEqual(asked(), [
        ["PATCH", "0", 200],
        ["PATCH", "1", 200],
      ]);
      loseFirst("DELETE");
      const refused = await sdk.refused({ mode, call: "delete", with: { secret_id } });
      assert.equal(refused.error, "NotFoundError");
      assert.deepEqual(asked(), [
        ["DELETE", "0", 204],
        ["DELETE", "1", 404],
      ]);
    },
  );
  front.loses = () => false;
  sdk.close();
}

export async function sealedChecks(suite: Suite, release: Release): Promise<void> {
  const mode = "sync";
  const site = await openSite();
  const { coffer, front, one } = site;
  const sdk = startSdk(release, variablesOf(site, one));
  const key = join(coffer.data, "root.key");
  const away = `${key}.away`;
  const restart = async (move: () => void) => {
    await coffer.stop();
    move();
    await coffer.start();
  };
  await restart(() => renameSync(key, away));
  const list = { mode, call: "list" } as const;

  await suite.check(`${release.name}: a sealed server is InternalServerError`, async () => {
    const refused = await sdk.refused({ ...list, options: { max_retries: 0 } });
    assert.deepEqual([refused.error, refused.status], ["InternalServerError", 503]);
    assert.equal(typeof refused.body.detail, "string");
    front.seen();
  });

  await suite.check(
    `${release.name}: a server that is opened between two attempts answers the second`,
    async () => {
      front.after = async () => {
        front.after = async () => {};
        await restart(() => renameSync(away, key));
      };
      const startedMs = performance.now();
      await sdk.does(list);
      assert.deepEqual(
        front.seen().map(({ status }) => status),
        [503, 200],
      );
      // As long as `Retry-After` says.
      assert.ok(performance.now() - startedMs >= 9_500);
    },
  );
  sdk.close();
  await closeSite(site);
}

export async function limitChecks(suite: Suite, release: Release): Promise<void> {
  const perMinute = 20;
  const site = await openSite({ COFFER_RATE_LIMIT_PER_TOKEN: String(perMinute) });
  const sdk = startSdk(release, variablesOf(site, site.one));
  const list = { mode: "sync", call: "list", options: { max_retries: 0 } } as const;

  await suite.check(`${release.name}: past the operator's limit it is RateLimitError`, async () => {
    // A minute may begin meanwhile, and another one cannot.
    for (let turn = 0; turn < 2 * perMinute && site.front.seen().at(-1)?.status !== 429; turn += 1) {
      await sdk.does(list).catch(() => {});
    }
    const refused = await sdk.refused(list);
    assert.deepEqual([refused.error, refused.status], ["RateLimitError", 429]);
    assert.equal(typeof refused.body.detail, "string");
  });
  sdk.close();
  await closeSite(site);
}
