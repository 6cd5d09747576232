// A secret's whole life by the library, and how it meets what is refused.
import assert from "node:assert/strict";
import type { Suite } from "../support/suite.ts";
import { type Mode, type Release, startSdk } from "./sdk.ts";
import { type Account, addMachine, aKey, type Site, valueNatively } from "./site.ts";

const canary = "  canary\r\n\u0000🔑 ";
const fields = ["account_id", "cloud_secret_path", "created_at", "created_by", "id", "key", "object"];

/** As its documents have it: all by the environment. */
export function variablesOf({ front }: Site, { id, key }: Pick<Account, "id" | "key">, prefix = "") {
  return { SGP_CLIENT_BASE_URL: `${front.url}${prefix}`, SGP_API_KEY: key, SGP_ACCOUNT_ID: id };
}

export async function lifeChecks(suite: Suite, site: Site, release: Release, mode: Mode): Promise<void> {
  const { one, other, front, coffer } = site;
  const by = `${release.name} ${mode}:`;
  const sdk = startSdk(release, variablesOf(site, one));
  const paths = () => front.seen().map(({ method, path, status }) => `${method} ${path} ${status}`);
  const all = "/v5/sgp/secrets";
  paths();

  await suite.check(
    `${by} create, retrieve, update, list and delete, each answer of the library's own form`,
    async () => {
      const key = aKey();
      const made = await sdk.does({ mode, call: "create", with: { key, value: canary, description: "d" } });
      assert.deepEqual(Object.keys(made).sort(), [...fields, "description"].sort());
      assert.deepEqual(made.created_by, { id: coffer.bootstrap.person.id, type: "user", object: "identity" });
      assert.deepEqual([made.account_id, made.key, made.description], [one.id, key, "d"]);
      assert.equal(await valueNatively(site, one, key), canary);
      const { id: secret_id } = made;
      assert.deepEqual(await sdk.does({ mode, call: "retrieve", with: { secret_id } }), made);
      const changed = await sdk.does({
        mode,
        call: "update",
        with: { secret_id, value: "next", description: "" },
      });
      const { updated_at, updated_by, ...same } = changed;
      assert.deepEqual(same, { ...made, description: "" });
      assert.equal(updated_by, coffer.bootstrap.person.id);
      assert.ok(Date.parse(updated_at) >= Date.parse(made.created_at));
      assert.equal(await valueNatively(site, one, key), "next");
      assert.deepEqual(await sdk.does({ mode, call: "walk" }), [changed]);
      assert.equal(await sdk.does({ mode, call: "delete", with: { secret_id } }), null);
      const gone = await sdk.refused({ mode, call: "retrieve", with: { secret_id } });
      assert.deepEqual([gone.error, gone.status], ["NotFoundError", 404]);
      assert.deepEqual(await sdk.does({ mode, call: "walk" }), []);
      assert.deepEqual(paths(), [
        `POST ${all} 200`,
        `GET ${all}/${secret_id} 200`,
        `PATCH ${all}/${secret_id} 200`,
        `GET ${all} 200`,
        `DELETE ${all}/${secret_id} 204`,
        `GET ${all}/${secret_id} 404`,
        `GET ${all} 200`,
      ]);
    },
  );

  await suite.check(`${by} a value is in no answer, body or headers`, async () => {
    const value = `canary-${aKey()}`;
    const raw = await sdk.does({ mode, call: "raw", of: "create", with: { key: aKey(), value } });
    assert.equal(raw.status, 200);
    assert.deepEqual(Object.keys(JSON.parse(raw.text)).sort(), fields);
    assert.deepEqual(Object.keys(raw.parsed).sort(), fields);
    const secret_id = raw.parsed.id;
    const others = [
      await sdk.does({ mode, call: "raw", of: "retrieve", with: { secret_id } }),
      await sdk.does({ mode, call: "raw", of: "update", with: { secret_id, value } }),
    ];
    for (const each of [raw, ...others]) assert.ok(!JSON.stringify(each).includes(value));
    await sdk.does({ mode, call: "delete", with: { secret_id } });
    front.seen();
  });

  await suite.check(`${by} a key that is taken costs one request, and is ConflictError`, async () => {
    const given = { key: aKey(), value: "v" };
    const { id: secret_id } = await sdk.does({ mode, call: "create", with: given });
    front.seen();
    const refused = await sdk.refused({ mode, call: "create", with: given });
    assert.deepEqual(
      [refused.error, refused.status, typeof refused.body.detail],
      ["ConflictError", 409, "string"],
    );
    assert.deepEqual(paths(), [`POST ${all} 409`]);
    await sdk.does({ mode, call: "delete", with: { secret_id } });
    await sdk.does({ mode, call: "create", with: given });
    front.seen();
  });

  await suite.check(`${by} what is wrong with a request is a list, and repeats nothing of it`, async () => {
    const refused = await sdk.refused({ mode, call: "create", with: { key: "OPENAI_API_KEY", value: "" } });
    assert.deepEqual([refused.error, refused.status], ["UnprocessableEntityError", 422]);
    assert.deepEqual(
      refused.body.detail.map(({ loc }: { loc: unknown }) => loc),
      [
        ["body", "key"],
        ["body", "value"],
      ],
    );
    assert.ok(!refused.message.includes("OPENAI_API_KEY"));
    const cursor = await sdk.refused({ mode, call: "list", with: { starting_after: "nobody" } });
    assert.deepEqual([cursor.error, cursor.status], ["BadRequestError", 400]);
    assert.deepEqual(paths(), [`POST ${all} 422`, `GET ${all}?starting_after=nobody 400`]);
  });

  await suite.check(
    `${by} keys and accounts: each is refused once, in the library's own words for it`,
    async () => {
      const call = { mode, call: "list" } as const;
      const unknown = await sdk.refused({ ...call, options: { api_key: "sk-unknown" } });
      assert.deepEqual([unknown.error, unknown.status], ["AuthenticationError", 401]);
      const foreign = await sdk.refused({ ...call, options: { account_id: other.id } });
      const missing = await sdk.refused({ ...call, options: { account_id: "507f1f77bcf86cd799439011" } });
      assert.deepEqual([foreign.error, foreign.status], ["PermissionDeniedError", 403]);
      assert.deepEqual(missing, foreign);
      const reader = await addMachine(site, one, "read");
      const write = {
        mode,
        call: "create",
        options: { api_key: reader.key },
        with: { key: aKey(), value: "v" },
      } as const;
      assert.equal((await sdk.refused(write)).error, "PermissionDeniedError");
      assert.equal(front.seen().length, 4);
    },
  );

  await suite.check(
    `${by} one key over several accounts is told which, and one of one account need not be`,
    async () => {
      const options = { api_key: site.key };
      for (const account of [one, other]) {
        const made = await sdk.does({
          mode,
          call: "create",
          options: { ...options, account_id: account.id },
          with: { key: aKey(), value: "v" },
        });
        assert.equal(made.account_id, account.id);
        const elsewhere = account === one ? other : one;
        const given = { secret_id: made.id };
        const at = { ...options, account_id: elsewhere.id };
        assert.equal((await sdk.refused({ mode, call: "retrieve", options: at, with: given })).status, 404);
        assert.equal((await sdk.refused({ mode, call: "delete", options: at, with: given })).status, 404);
      }
      const unnamed = await sdk.refused({ mode, call: "list", options: { ...options, account_id: "" } });
      assert.deepEqual([unnamed.error, unnamed.status], ["BadRequestError", 400]);
      await sdk.does({ mode, call: "list", options: { api_key: other.key, account_id: "" } });
    },
  );

  await suite.check(`${by} a service account is shown as such`, async () => {
    const machine = await addMachine(site, one, "write");
    const options = { api_key: machine.key };
    const made = await sdk.does({ mode, call: "create", options, with: { key: aKey(), value: "v" } });
    assert.deepEqual(made.created_by, { id: machine.id, type: "service_account", object: "identity" });
  });

  await suite.check(`${by} below the prefix, with a slash at the address's end and without`, async () => {
    for (const prefix of ["/scale", "/scale/", "/"]) {
      const options = { base_url: `${front.url}${prefix}` };
      front.seen();
      await sdk.does({ mode, call: "list", options });
      assert.deepEqual(paths(), [`GET ${prefix === "/" ? "" : "/scale"}${all} 200`]);
    }
  });
  sdk.close();
}
