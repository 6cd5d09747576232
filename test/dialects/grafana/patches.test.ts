// Every kind of patch, and server-side apply: what becomes of an object, and that no patch tells a value.
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import {
  aNamespace,
  asApply,
  asJsonPatch,
  asMerge,
  asStrategic,
  expectStatus,
  made,
  ofValue,
  secureValue,
  text,
} from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const here = await aNamespace(coffer);
const S = here.securevalues;

async function anObject(more = {}) {
  const name = `s-${randomUUID()}`;
  const body = await made(me, here, name, {
    metadata: { labels: { a: "b" } },
    spec: { decrypters: ["x", "y"] },
    ...more,
  });
  return { name, at: `${S}/${name}`, body };
}

const storedValue = async (name: string) =>
  (await me.get(`/v1/organizations/default/stores/${here.name}/secrets/${name}/value`)).body.value;

describe("merge patch", () => {
  test("maps are merged, null removes, lists replace", async () => {
    const { at } = await anObject();
    const patch = { metadata: { labels: { c: "d", a: null } }, spec: { decrypters: ["z"] } };
    const { status, body } = await me.patch(at, patch, asMerge);
    expect(status).toBe(200);
    expect(body.metadata.labels).toEqual({ c: "d" });
    expect(body.spec).toEqual({ description: "About it", decrypters: ["z"] });
  });

  test("a value is a new version, and is not shown", async () => {
    const { at, name } = await anObject();
    const answer = await me.patch(at, { spec: { value: "patched-in" } }, asMerge);
    expect(answer.body.status.version).toBe(2);
    expect(answer.text).not.toContain("patched-in");
    expect(await storedValue(name)).toBe("patched-in");
  });

  test("409 where it names a version that is past, 422 for another identity", async () => {
    const { at, name } = await anObject();
    const stale = await me.patch(at, { metadata: { resourceVersion: "1", labels: { e: "f" } } }, asMerge);
    expect(stale.status).toBe(409);
    for (const [member, given] of [
      ["name", "other"],
      ["namespace", "other"],
      ["uid", "other"],
    ] as const) {
      const answer = await me.patch(at, { metadata: { [member]: given } }, asMerge);
      expect(answer.status).toBe(422);
      expect(answer.body.details).toMatchObject({
        name,
        causes: [
          {
            field: `metadata.${member}`,
            reason: "FieldValueInvalid",
            message: 'Invalid value: "other": field is immutable',
          },
        ],
      });
    }
  });

  test("404, and 415 for what is none", async () => {
    expectStatus(
      await me.patch(`${S}/nope`, {}, asMerge),
      404,
      "NotFound",
      'securevalues.secret.grafana.app "nope" not found',
      ofValue("nope"),
    );
    const { at } = await anObject();
    const answer = await me.patch(at, {}, { "content-type": "application/json" });
    expect(answer.status).toBe(415);
    expect(answer.body.message).toContain("application/json-patch+json, application/merge-patch+json");
  });

  test("many at once all come to be", async () => {
    const { at } = await anObject();
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        me.patch(at, { metadata: { labels: { [`l${index}`]: "1" } } }, asMerge),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(Object.keys((await me.get(at)).body.metadata.labels)).toHaveLength(31);
  });
});

describe("JSON patch", () => {
  test("its operations", async () => {
    const { at, body } = await anObject();
    const patch = [
      { op: "test", path: "/spec/description", value: "About it" },
      { op: "replace", path: "/spec/description", value: "By patch" },
      { op: "add", path: "/spec/decrypters/-", value: "z" },
      { op: "remove", path: "/spec/decrypters/0" },
      { op: "copy", from: "/metadata/labels/a", path: "/metadata/labels/c" },
      { op: "move", from: "/metadata/labels/a", path: "/metadata/labels/d~1e" },
    ];
    const answer = await me.patch(at, patch, asJsonPatch);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body.spec).toEqual({ description: "By patch", decrypters: ["y", "z"] });
    expect(answer.body.metadata.labels).toEqual({ c: "b", "d/e": "b" });
    expect(answer.body.metadata.uid).toBe(body.metadata.uid);
  });

  test("the value can be set, and nothing can be learned of it", async () => {
    const { at, name } = await anObject();
    const set = await me.patch(at, [{ op: "add", path: "/spec/value", value: "added" }], asJsonPatch);
    expect(set.body.status.version).toBe(2);
    expect(await storedValue(name)).toBe("added");
    const asked = async (operation: object) => {
      const { status, body } = await me.patch(at, [operation], asJsonPatch);
      return { status, body };
    };
    const right = await asked({ op: "test", path: "/spec/value", value: "added" });
    const wrong = await asked({ op: "test", path: "/spec/value", value: "guessed" });
    expect(right).toEqual(wrong);
    expect(right.status).toBe(422);
    expect(right.body).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: "the server rejected our request due to an error in our request",
      reason: "Invalid",
      details: {},
      code: 422,
    });
    for (const operation of [
      { op: "replace", path: "/spec/value", value: "x" },
      { op: "copy", from: "/spec/value", path: "/spec/description" },
      { op: "move", from: "/spec/value", path: "/metadata/labels/v" },
      { op: "remove", path: "/spec/value" },
    ]) {
      expect(await asked(operation)).toEqual(wrong);
    }
  });

  test.each([
    ["no list", {}],
    ["an unknown operation", [{ op: "grow", path: "/a" }]],
    ["no path", [{ op: "add", value: 1 }]],
    ["no value", [{ op: "add", path: "/a" }]],
  ])("400: %s", async (_, patch) => {
    const { at } = await anObject();
    const answer = await me.patch(at, patch, asJsonPatch);
    expect(answer.status).toBe(400);
    expect(answer.body.message).toMatch(/^error decoding patch: /);
  });

  test("422: a path that leads nowhere, out of the object, or without end", async () => {
    const { at } = await anObject();
    for (const patch of [
      [{ op: "replace", path: "/spec/nothing", value: 1 }],
      [{ op: "add", path: "/spec/decrypters/9", value: "z" }],
      [{ op: "add", path: "/__proto__/polluted", value: "z" }],
      [{ op: "move", from: "/spec", path: "/spec/inside" }],
      Array.from({ length: 40 }, (_, index) => ({
        op: "copy",
        from: "",
        path: `/metadata/labels/x${index}`,
      })),
    ]) {
      expect((await me.patch(at, patch, asJsonPatch)).status).toBe(422);
    }
    expect(Object.hasOwn({}, "polluted")).toBe(false);
  });
});

describe("strategic merge patch", () => {
  test("as a merge patch, with its directives", async () => {
    const { at } = await anObject();
    const patch = {
      metadata: { labels: { $patch: "replace", only: "this" } },
      spec: { decrypters: ["n"], "$setElementOrder/decrypters": ["n"], $retainKeys: ["description"] },
    };
    const { status, body } = await me.patch(at, patch, asStrategic);
    expect(status).toBe(200);
    expect(body.metadata.labels).toEqual({ only: "this" });
    expect(body.spec).toEqual({ description: "About it", decrypters: ["n"] });
    const gone = await me.patch(at, { metadata: { labels: { $patch: "delete" } } }, asStrategic);
    expect(gone.body.metadata).not.toHaveProperty("labels");
  });
});

describe("server-side apply", () => {
  const manifest = (name: string, more = {}) =>
    JSON.stringify({
      apiVersion: "secret.grafana.app/v1beta1",
      kind: "SecureValue",
      ...secureValue(name, more),
    });

  test("201 where it is not there, 200 where it is", async () => {
    const name = `s-${randomUUID()}`;
    const at = `${S}/${name}?fieldManager=me&force=false&fieldValidation=Strict`;
    expect((await me.patch(at, manifest(name), asApply)).status).toBe(201);
    const again = await me.patch(at, manifest(name, { metadata: { labels: { a: "b" } } }), asApply);
    expect(again.status).toBe(200);
    expect(again.body.metadata.labels).toEqual({ a: "b" });
    expect(again.body.metadata).not.toHaveProperty("managedFields");
    const kept = await me.patch(at, `spec:\n  description: YAML\n`, asApply);
    expect(kept.body.metadata.labels).toEqual({ a: "b" });
    expect(kept.body.spec.description).toBe("YAML");
  });

  test("what it refuses", async () => {
    const { at, name, body } = await anObject();
    const without = await me.patch(at, manifest(name), asApply);
    expectStatus(
      without,
      422,
      "Invalid",
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
      {
        group: "meta.k8s.io",
        kind: "PatchOptions",
        causes: [
          {
            reason: "FieldValueRequired",
            message: "Required value: is required for apply patch",
            field: "fieldManager",
          },
        ],
      },
    );
    const managed = `${at}?fieldManager=me`;
    const fields = manifest(name, { metadata: { managedFields: [{ manager: "m" }] } });
    expectStatus(
      await me.patch(managed, fields, asApply),
      400,
      "BadRequest",
      "metadata.managedFields must be nil",
    );
    expect((await me.patch(managed, manifest(name, { metadata: { uid: "u" } }), asApply)).status).toBe(409);
    expect(
      (await me.patch(managed, manifest(name, { metadata: { resourceVersion: "1" } }), asApply)).status,
    ).toBe(409);
    const { uid, resourceVersion } = body.metadata;
    expect(
      (await me.patch(managed, manifest(name, { metadata: { uid, resourceVersion } }), asApply)).status,
    ).toBe(200);
    expect((await me.patch(managed, manifest("other"), asApply)).status).toBe(400);
    expect((await me.patch(`${managed}&dryRun=All`, manifest(name), asApply)).status).toBe(200);
    expect((await me.patch(`${at}?force=true`, {}, asMerge)).status).toBe(422);
    const missing = manifest("nope", { metadata: { uid: "u" } });
    expect((await me.patch(`${S}/nope?fieldManager=me`, missing, asApply)).status).toBe(404);
  });
});

describe("what kubectl remembers of a manifest", () => {
  const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";
  const remembered = {
    spec: { description: "d", value: text, bogus: text, decrypters: ["a"] },
    data: text,
    metadata: { name: "n", annotations: { [lastApplied]: text } },
  };

  test("never has a value, however it comes", async () => {
    const annotations = { [lastApplied]: JSON.stringify(remembered) };
    const { at, body } = await anObject({ metadata: { annotations } });
    const kept = { spec: { description: "d", decrypters: ["a"] }, metadata: { name: "n", annotations: {} } };
    expect(JSON.parse(body.metadata.annotations[lastApplied])).toEqual(kept);
    for (const [patch, type] of [
      [{ metadata: { annotations } }, asMerge],
      [
        [
          {
            op: "add",
            path: `/metadata/annotations/${lastApplied.replace("/", "~1")}`,
            value: annotations[lastApplied],
          },
        ],
        asJsonPatch,
      ],
    ] as const) {
      const patched = await me.patch(at, patch, type);
      expect(patched.text).not.toContain(text);
      expect(JSON.parse(patched.body.metadata.annotations[lastApplied])).toEqual(kept);
    }
    const stored = await me.get(
      `/v1/organizations/default/stores/${here.name}/secrets/${body.metadata.name}`,
    );
    expect(stored.text).not.toContain(text);
    const none = await me.patch(
      at,
      { metadata: { annotations: { [lastApplied]: `{"spec": ${text}` } } },
      asMerge,
    );
    expect(none.body.metadata.annotations).not.toHaveProperty(lastApplied);
  });

  test("nor is a value in the feed or the audit trail", async () => {
    await anObject({ metadata: { annotations: { [lastApplied]: JSON.stringify(remembered) } } });
    await me.put(`${S}/nope`, secureValue("nope"));
    const [feed, audit] = await Promise.all([
      me.get("/v1/organizations/default/changes?since=0"),
      me.get("/v1/organizations/default/audit?limit=1000"),
    ]);
    expect(feed.status).toBe(200);
    expect(audit.status).toBe(200);
    expect(feed.text + audit.text).not.toContain(text);
  });
});
