// Keepers: the kind, which one is active, and that no value is taken for one that Coffer does not have.
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import {
  aNamespace,
  aService,
  asMerge,
  asTable,
  aVersion,
  expectInvalid,
  expectStatus,
  made,
  newMetadata,
  secureValue,
} from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const by = `user:${coffer.bootstrap.person.id}`;

const aws = { region: "eu-west-1", assumeRole: { assumeRoleArn: "arn:aws:iam::1:role/r", externalID: "x" } };
const keeper = (name: string, spec: object = { description: "Ours", aws }) => ({ metadata: { name }, spec });
const fresh = () => `k-${randomUUID()}`;

function expectKeeperInvalid(
  answer: Awaited<ReturnType<typeof me.get>>,
  ...causes: readonly (readonly [string, string, string])[]
) {
  expect(answer.status, answer.text).toBe(422);
  expect(answer.body.details).toMatchObject({ group: "secret.grafana.app", kind: "Keeper" });
  expect(answer.body.details.causes).toEqual(
    causes.map(([field, reason, message]) => ({ field, reason, message })),
  );
}

describe("the kind", () => {
  test("made, read, listed, patched, replaced and deleted", async () => {
    const here = await aNamespace(coffer);
    const name = fresh();
    const created = await me.post(here.keepers, keeper(name));
    expect({ status: created.status, body: created.body }).toEqual({
      status: 201,
      body: {
        kind: "Keeper",
        apiVersion: "secret.grafana.app/v1beta1",
        metadata: newMetadata(name, here, by),
        spec: { description: "Ours", aws },
      },
    });
    const at = `${here.keepers}/${name}`;
    expect((await me.get(at)).body).toEqual(created.body);
    expect((await me.get(here.keepers)).body).toEqual({
      kind: "KeeperList",
      apiVersion: "secret.grafana.app/v1beta1",
      metadata: { resourceVersion: aVersion },
      items: [created.body],
    });
    expect((await me.get(here.keepers, asTable)).body.rows[0].cells).toEqual([name, "Ours"]);
    const patched = await me.patch(
      at,
      { metadata: { labels: { a: "b" } }, spec: { description: "Still" } },
      asMerge,
    );
    expect(patched.body.metadata).toMatchObject({ generation: 2, labels: { a: "b" } });
    expect((await me.get(`${here.keepers}?labelSelector=a%3Db`)).body.items).toHaveLength(1);
    expect((await me.get(`${here.keepers}?labelSelector=%21a`)).body.items).toHaveLength(0);
    expect((await me.put(at, { ...created.body })).status).toBe(409);
    expect((await me.put(at, keeper(name))).body.metadata.generation).toBe(3);
    expectStatus(
      await me.post(here.keepers, keeper(name)),
      409,
      "AlreadyExists",
      `keepers.secret.grafana.app "${name}" already exists`,
      { name, group: "secret.grafana.app", kind: "keepers" },
    );
    expect((await me.delete(at)).body).toMatchObject({
      status: "Success",
      details: { name, kind: "keepers" },
    });
    expectStatus(await me.get(at), 404, "NotFound", `keepers.secret.grafana.app "${name}" not found`, {
      name,
      group: "secret.grafana.app",
      kind: "keepers",
    });
    expect((await me.get(`${here.keepers}?watch=true`)).status).toBe(405);
    expect((await me.delete(here.keepers)).status).toBe(405);
  });

  test("pages, dry runs and names that the server makes", async () => {
    const here = await aNamespace(coffer);
    for (const name of ["a", "b", "c"]) await me.post(here.keepers, keeper(name));
    expect((await me.post(`${here.keepers}?dryRun=All`, keeper("d"))).status).toBe(201);
    const first = await me.get(`${here.keepers}?limit=2`);
    const second = await me.get(`${here.keepers}?limit=2&continue=${first.body.metadata.continue}`);
    const names = [...first.body.items, ...second.body.items].map(({ metadata }) => metadata.name);
    expect(names).toEqual(["a", "b", "c"]);
    expect((await me.post(here.keepers, { spec: { description: "d", aws } })).body.metadata.name).toMatch(
      /^kp-\w+$/,
    );
  });

  test("what it must be", async () => {
    const { keepers } = await aNamespace(coffer);
    const of = (spec: object, name = "k") => me.post(keepers, keeper(name, spec));
    expectKeeperInvalid(await of({ description: "d", aws }, "system"), [
      "name",
      "FieldValueForbidden",
      "Forbidden: the keeper name `system` is reserved",
    ]);
    expectKeeperInvalid(
      await of({}),
      ["spec.description", "FieldValueRequired", "Required value: a `description` is required"],
      ["spec", "FieldValueRequired", "Required value: at least one `keeper` must be present"],
    );
    expectKeeperInvalid(await of({ description: "d", aws, gcp: {} }), [
      "spec",
      "FieldValueInvalid",
      "Invalid value: aws & gcp: only one `keeper` can be present at a time but found more",
    ]);
    expectKeeperInvalid(await of({ description: "d", gcp: {} }), [
      "spec.gcp",
      "FieldValueForbidden",
      "Forbidden: this server knows no keeper of that kind",
    ]);
    expectKeeperInvalid(
      await of({ description: "d", aws: {} }),
      ["spec.aws.region", "FieldValueRequired", "Required value: region must be present"],
      ["spec.aws", "FieldValueRequired", "Required value: `assumeRole` must be present"],
    );
    expectKeeperInvalid(
      await of({ description: "d", aws: { region: "r", assumeRole: {} } }),
      [
        "spec.aws.assumeRole.assumeRoleArn",
        "FieldValueRequired",
        "Required value: arn of the role to assume must be present",
      ],
      ["spec.aws.assumeRole.externalID", "FieldValueRequired", "Required value: externalID must be present"],
    );
    expectKeeperInvalid(await of({ description: "d".repeat(254), aws }), [
      "spec.description",
      "FieldValueTooLong",
      "Too long: may not be more than 253 characters",
    ]);
    expect(
      (await of({ description: "d", aws: { ...aws, accessKeyID: "k" } })).headers.get("warning"),
    ).toContain("spec.aws.accessKeyID");
  });
});

describe("the active one", () => {
  test("takes references and no values; the system's takes values and no references", async () => {
    const here = await aNamespace(coffer);
    await me.post(here.keepers, keeper("away"));
    const activated = await me.post(`${here.keepers}/away/activate`, {});
    expect(activated.body).toMatchObject({ kind: "Status", status: "Success", code: 200 });
    expect((await me.post(`${here.keepers}/away/activate`, {})).status).toBe(200);
    expectInvalid(await me.post(here.securevalues, secureValue("a")), "a", [
      "spec.value",
      "FieldValueForbidden",
      'Forbidden: this server cannot store values in keeper "away"',
    ]);
    const both = await me.post(here.securevalues, secureValue("a", { spec: { ref: "r" } }));
    expect(both.body.details.causes[0]).toEqual({
      field: "spec",
      reason: "FieldValueForbidden",
      message: "Forbidden: only one of `value` or `ref` can be set",
    });
    const referring = await made(me, here, "a", {
      spec: { value: undefined, ref: "their/name", decrypters: ["k6-cloud"] },
    });
    expect(referring.spec).toEqual({ description: "About it", ref: "their/name", decrypters: ["k6-cloud"] });
    expect(referring.status).toEqual({ version: 1, externalID: "", keeper: "away" });
    expect((await me.get(here.securevalues, asTable)).body.rows[0].cells).toEqual([
      "a",
      "About it",
      "away",
      "their/name",
    ]);
    const at = `${here.securevalues}/a`;
    expectInvalid(await me.patch(at, { spec: { ref: null, value: "v" } }, asMerge), "a", [
      "spec",
      "FieldValueForbidden",
      "Forbidden: cannot set `value` when `ref` was already previously set",
    ]);
    const moved = await me.patch(at, { spec: { ref: "another" } }, asMerge);
    expect(moved.body).toMatchObject({ spec: { ref: "another" }, status: { version: 2, keeper: "away" } });

    const token = await aService(coffer, "k6-cloud", [here]);
    const decrypted = await coffer.call(token).get("/gsm/api/v1/secrets/a/decrypt");
    expect(decrypted.status).toBe(502);
    expect(decrypted.body.message).toBe("decryption failed");

    const held = await me.delete(`${here.keepers}/away`);
    expectKeeperInvalid(held, [
      "metadata.name",
      "FieldValueForbidden",
      "Forbidden: the keeper still holds secure values",
    ]);
    expect((await me.post(`${here.keepers}/system/activate`, {})).status).toBe(200);
    await made(me, here, "b");
    // What it was made under it stays under.
    expect((await me.get(at)).body.status.keeper).toBe("away");
    await me.delete(at);
    expect((await me.delete(`${here.keepers}/away`)).status).toBe(200);
  });

  test("falls back to the system's when it is deleted, also where one of its name is made later", async () => {
    const here = await aNamespace(coffer);
    await me.post(here.keepers, keeper("away"));
    await me.post(`${here.keepers}/away/activate`, {});
    expect((await me.delete(`${here.keepers}/away`)).status).toBe(200);
    await made(me, here, "a");
    await me.post(here.keepers, keeper("away"));
    await made(me, here, "b");
  });

  test("404 for one that is not there; `system` is no object", async () => {
    const here = await aNamespace(coffer);
    expect((await me.post(`${here.keepers}/nope/activate`, {})).status).toBe(404);
    expect((await me.get(`${here.keepers}/system`)).status).toBe(404);
  });
});
