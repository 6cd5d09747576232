// Below the routes. Some operations look first and write then: rights that are taken away in between are
// gone. And what no native route reaches yet refuses as the others do.
import { randomUUID } from "node:crypto";
import { afterAll, expect, test } from "vitest";
import type { Caller } from "../../../src/core/caller.ts";
import { type Operations, operations } from "../../../src/core/operations.ts";
import type { Database } from "../../../src/core/ports.ts";
import { home, refusal } from "../../support/coffers.ts";
import { tokenIdOf } from "../../support/server.ts";
import { type Actor, field, grants, people } from "./field.ts";

const it = await field();
const first = it.coffer.bootstrap.store.id;
afterAll(() => it.coffer.stop());

/** The operations as always, but that something happens after each reading body of that name. */
function operationsWhere(query: string, happens: () => Promise<void>): Operations {
  const { context } = it.coffer.node;
  const database: Database = {
    ...context.database,
    point: async (body, input) => {
      const result = await context.database.point(body, input);
      if (body.name === query) await happens();
      return result;
    },
  };
  return operations({ ...context, database });
}

async function refused(by: Actor, run: (caller: Caller) => Promise<unknown>, code = "caller.denied") {
  const via = { dialect: "native", address: null, requestId: randomUUID() };
  const caller: Caller = {
    kind: "person",
    id: by.id,
    name: "Somebody",
    tokenId: tokenIdOf(by.token),
    ...via,
  };
  expect((await refusal(run(caller))).code).toBe(code);
  const { body } = await it.me.get(`/v1/organizations/default/audit?caller=${by.id}`);
  const entries = body.items.filter((entry: { requestId: string }) => entry.requestId === caller.requestId);
  const outcome = expect.stringMatching(/^(refused|failed)$/);
  expect(entries).toMatchObject([{ outcome, caller: { tokenId: caller.tokenId } }]);
}

test("refused: to restore a version when the right to it went after the version was read", async () => {
  const { id, path } = await it.secret();
  expect((await it.me.put(`${path}/value`, { value: "next" })).status).toBe(200);
  const by = it.person("member", ["store", first, "write"]);
  const lower = async () => {
    const [subject, object] = [
      { kind: "person", id: by.id },
      { kind: "store", id: first },
    ];
    expect((await it.me.put(grants, { subject, object, level: "read" })).status).toBe(200);
  };
  const { secrets } = operationsWhere("version.find", lower);
  await refused(by, (caller) => secrets.restoreVersion(caller, home, { id: first }, { id }, 1));
  expect((await it.me.get(`${path}/value`)).body.value).toBe("next");
});

test("refused: to rotate the key when the role went after its terms were read", async () => {
  const by = it.person("admin");
  const demote = async () => {
    const { body } = await it.me.get(`${people}?limit=1000`);
    const { membershipId } = body.items.find((place: { id: string }) => place.id === by.id);
    expect((await it.me.patch(`${people}/${membershipId}`, { role: "member" })).status).toBe(200);
  };
  const { keys } = operationsWhere("keys.terms", demote);
  await refused(by, (caller) => keys.rotate(caller, home));
  expect((await it.me.get("/v1/organizations/default/keys")).body.terms).toHaveLength(1);
});

test("refused: to learn of a hidden secret by its place in a list, or by its name in other letters", async () => {
  const { secrets } = it.coffer.node.operations;
  const { id, name } = await it.secret();
  const { id: elsewhere } = await it.store();
  const store = { id: first };
  const one = it.person("member", ["store", elsewhere, "manage"]);
  const after = { afterSecret: id };
  await refused(one, (caller) => secrets.list(caller, home, store, after), "store.not_found");
  const asOne: Caller = { ...it.coffer.owner, id: one.id, tokenId: tokenIdOf(one.token) };
  const beside = secrets.list(asOne, home, { id: elsewhere }, after);
  expect((await refusal(beside)).code).toBe("cursor.invalid");
  const two = it.person("member", ["store", elsewhere, "manage"]);
  const folded = name.toUpperCase();
  await refused(two, (caller) => secrets.findFolded(caller, home, store, folded), "store.not_found");
  const narrow = await it.narrowed(it.person("admin"), { scopes: ["organization.read"] });
  await refused(narrow, (caller) => secrets.list(caller, home, store, after), "store.not_found");
  expect(await secrets.findFolded(it.coffer.owner, home, store, folded)).toMatchObject({ id });
  expect((await secrets.list(it.coffer.owner, home, store, after)).items).toEqual([]);
});
