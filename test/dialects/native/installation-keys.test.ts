// Keys of the installation on the wire: whole answers, and what never comes into the audit trail.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import { rootKeyFileAfter } from "../../../src/server/keys.ts";
import { startCoffer } from "../../support/server.ts";
import { anId, aTime, expectInvalid, expectRefused } from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);

const keys = "/v1/installation/keys";
const roots = "/v1/installation/root-keys";
const keyFile = join(coffer.data, "root.key");
const idsIn = () => readFileSync(keyFile, "utf8").match(/^rk_[0-9a-f]{16}/gm) ?? [];
const [older = ""] = idsIn();
const aTerm = {
  term: 1,
  id: anId,
  state: "current",
  rootKeyId: older,
  sealsReserved: 0,
  createdAt: aTime,
  retiredAt: null,
  emptiedAt: null,
  destroyedAt: null,
};
const aRoot = {
  id: older,
  state: "current",
  keys: 2,
  held: true,
  provider: "file",
  providerKeyId: null,
  addedAt: aTime,
  currentAt: aTime,
  emptiedAt: null,
  retiredAt: null,
  destroyedAt: null,
};

test("how keys stand, with the one root key of the first start", async () => {
  const answer = await me.get(keys);
  expect([answer.status, answer.body]).toEqual([
    200,
    { terms: [aTerm], rootKeys: [aRoot], nodes: [], progress: { total: 2, done: 2 } },
  ]);
});

test("a rotation of the root key, a step for each request", async () => {
  const wraps = `The root key ${older} wraps already; give the server a new one first.`;
  expectRefused(await me.post(`${roots}/rotate`), 409, "key.in_use", wraps);

  writeFileSync(`${keyFile}.next`, "coffer-root-keys/1\nnonsense\n", { mode: 0o600 });
  const next = await rootKeyFileAfter(keyFile);
  renameSync(`${keyFile}.next`, keyFile);
  const bad = 'The root key cannot be used: line 2 must be an id, a key in base64 and perhaps "active".';
  expectRefused(await me.post(`${roots}/rotate`), 409, "key.unreadable", bad);
  writeFileSync(`${keyFile}.next`, next, { mode: 0o600 });
  renameSync(`${keyFile}.next`, keyFile);
  const newer = idsIn()[1] ?? "";

  const added = await me.post(`${roots}/rotate`);
  const waiting = { ...aRoot, id: newer, state: "added", keys: 0, currentAt: null };
  expect([added.status, added.body.rootKeys]).toEqual([200, [aRoot, waiting]]);

  const promoted = await me.post(`${roots}/rewrap`);
  expect([promoted.status, promoted.body]).toEqual([200, { moved: 0, damaged: 0, ended: false, left: true }]);
  const moved = await me.post(`${roots}/rewrap`);
  expect([moved.status, moved.body]).toMatchObject([200, { damaged: 0, ended: true, left: false }]);
  const { rootKeys, terms, progress } = (await me.get(keys)).body;
  const leaving = { ...aRoot, state: "leaving", keys: 0, emptiedAt: aTime };
  expect(rootKeys).toEqual([leaving, { ...aRoot, id: newer }]);
  expect([terms[0].rootKeyId, progress]).toEqual([newer, { total: 2, done: 2 }]);

  expectRefused(
    await me.post(`${roots}/${older}/destroy`),
    409,
    "key.in_use",
    "This root key is not retired.",
  );
  expect((await me.post(`${roots}/${older}/retire`)).status).toBe(204);
  expect((await me.post(`${roots}/${older}/destroy`)).status).toBe(204);
  const [gone] = (await me.get(keys)).body.rootKeys;
  expect(gone).toEqual({ ...leaving, state: "destroyed", retiredAt: aTime, destroyedAt: aTime });
});

test("a new term of the installation's key, and the end of the older one", async () => {
  const rotated = await me.post(`${keys}/rotate`);
  expect(rotated.body.terms.map(({ term, state }: typeof aTerm) => [term, state])).toEqual([
    [2, "current"],
    [1, "retired"],
  ]);
  expectRefused(
    await me.post(`${keys}/2/destroy`),
    409,
    "key.in_use",
    "This term seals; rotate the key first.",
  );
  expect((await me.post(`${keys}/1/destroy`)).status).toBe(204);
  expectRefused(await me.post(`${keys}/1/destroy`), 404, "key.not_found", "There is no such key here.");
  expectInvalid(
    await me.post(`${keys}/x/destroy`),
    "term",
    "must be a whole number from 1 to 4294967295",
    4_294_967_295,
  );
  // Its audit heads are signed and its values compared under the moved keys after the next start.
  const again = await coffer.restart();
  expect((await again.call(coffer.token).get(keys)).body.terms[1]).toMatchObject({ state: "destroyed" });
  await again.stop();
});

test("a key that is pasted where its id belongs is nowhere written down", async () => {
  const key = /([A-Za-z0-9+/]{43}=) active/.exec(readFileSync(keyFile, "utf8"))?.[1] ?? "";
  const again = await coffer.restart();
  for (const step of ["retire", "destroy"]) {
    const path = `${roots}/${encodeURIComponent(key)}/${step}`;
    const answer = await again.call(coffer.token).post(path);
    expectRefused(answer, 404, "key.not_found", "There is no such key here.");
  }
  await again.stop();
  const db = new DatabaseSync(join(coffer.data, "coffer.db"), { readOnly: true, timeout: 10_000 });
  const entries = JSON.stringify(db.prepare("SELECT * FROM audit_entries").all());
  db.close();
  expect(entries).toContain('"root-key"');
  expect(entries).not.toContain(key.slice(0, 12));
});
