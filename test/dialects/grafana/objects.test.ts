// Create, read, replace and delete of secure values: whole objects, and every refusal in its own words.
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import {
  aNamespace,
  aTime,
  aUid,
  expectHeaders,
  expectInvalid,
  expectStatus,
  labelRule,
  made,
  newMetadata,
  ofValue,
  secureValue,
  text,
} from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const by = `user:${coffer.bootstrap.person.id}`;
const here = await aNamespace(coffer);
const S = here.securevalues;
const fresh = () => `s-${randomUUID()}`;

describe("create", () => {
  test("201: the whole object, without the value", async () => {
    const name = fresh();
    const owner = { apiVersion: "v1", kind: "Check", name: "c", uid: "u" };
    const metadata = { labels: { team: "a" }, annotations: { note: "x" }, ownerReferences: [owner] };
    const answer = await me.post(S, secureValue(name, { metadata, spec: { decrypters: [" b ", "a"] } }));
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 201,
      body: {
        kind: "SecureValue",
        apiVersion: "secret.grafana.app/v1beta1",
        metadata: {
          ...newMetadata(name, here, by, { note: "x" }),
          labels: { team: "a" },
          ownerReferences: [owner],
        },
        spec: { description: "About it", decrypters: ["b", "a"] },
        status: { version: 1, externalID: "", keeper: "system" },
      },
    });
    expectHeaders(answer);
  });

  test("201: what the server says of itself is the server's, whatever a client sends", async () => {
    const name = fresh();
    const metadata = {
      uid: "mine",
      generation: 9,
      creationTimestamp: "2001-01-01T00:00:00Z",
      finalizers: ["f"],
      managedFields: [{ manager: "m" }],
      annotations: { "grafana.app/createdBy": "user:somebody" },
    };
    const body = { ...secureValue(name, { metadata }), status: { version: 7, keeper: "mine", anything: 1 } };
    const answer = await me.post(S, body);
    expect(answer.body.metadata).toMatchObject({ uid: aUid, generation: 1, creationTimestamp: aTime });
    expect(answer.body.metadata.annotations["grafana.app/createdBy"]).toBe(by);
    expect(answer.body.metadata).not.toHaveProperty("finalizers");
    expect(answer.body.metadata).not.toHaveProperty("managedFields");
    expect(answer.body.status).toEqual({ version: 1, externalID: "", keeper: "system" });
  });

  test("201: YAML is a body too", async () => {
    const name = fresh();
    const body = `metadata:\n  name: ${name}\nspec:\n  description: It's YAML\n  value: |\n    ${text}\n`;
    const answer = await me.post(S, body, { "content-type": "application/yaml" });
    expect(answer.status, answer.text).toBe(201);
    expect(answer.body.spec).toEqual({ description: "It's YAML" });
  });

  test("201: names that the server makes", async () => {
    const prefixed = await me.post(S, secureValue("", { metadata: { generateName: "gen-" } }));
    expect(prefixed.body.metadata.name).toMatch(/^gen-[a-z0-9]{5,14}$/);
    expect(prefixed.body.metadata.generateName).toBe("gen-");
    const again = await me.get(`${S}/${prefixed.body.metadata.name}`);
    expect(again.body.metadata.generateName).toBe("gen-");
    const bare = await me.post(S, { spec: { description: "d", value: text } });
    expect(bare.body.metadata.name).toMatch(/^sv-[a-z0-9]{5,14}$/);
  });

  test("201 in a dry run: as it would be, and nothing is there", async () => {
    const name = fresh();
    const answer = await me.post(`${S}?dryRun=All`, secureValue(name));
    expect(answer.status).toBe(201);
    expect(answer.body.metadata).not.toHaveProperty("resourceVersion");
    expect((await me.get(`${S}/${name}`)).status).toBe(404);
    await made(me, here, name);
    expect((await me.post(`${S}?dryRun=All`, secureValue(name))).status).toBe(409);
  });

  test("409: the name is taken, here alone", async () => {
    const name = fresh();
    await made(me, here, name);
    const message = `securevalues.secret.grafana.app "${name}" already exists`;
    expectStatus(await me.post(S, secureValue(name)), 409, "AlreadyExists", message, ofValue(name));
    await made(me, await aNamespace(coffer), name);
  });

  test.each([
    [
      "another version",
      { apiVersion: "v1" },
      "the API version in the data (v1) does not match the expected API version (secret.grafana.app/v1beta1)",
    ],
    [
      "another namespace",
      { metadata: { name: "a", namespace: "elsewhere" } },
      "the namespace of the provided object does not match the namespace sent on the request",
    ],
    [
      "a version of its own",
      { metadata: { name: "a", resourceVersion: "3" } },
      "resourceVersion should not be set on objects to be created",
    ],
    [
      "a folder",
      { metadata: { name: "a", annotations: { "grafana.app/folder": "f" } } },
      "folders are not supported",
    ],
    [
      "a list",
      [],
      'SecureValue in version "v1beta1" cannot be handled as a SecureValue: json: cannot unmarshal array into Go value of type SecureValue',
    ],
    [
      "a number as text",
      { spec: { description: 5 } },
      'SecureValue in version "v1beta1" cannot be handled as a SecureValue: json: cannot unmarshal number into Go struct field SecureValueSpec.spec.description of type string',
    ],
  ])("400: %s", async (_, body, message) => {
    const sent = Array.isArray(body) ? body : { ...secureValue("a"), ...body };
    expectStatus(await me.post(S, sent), 400, "BadRequest", message);
  });

  test("400: what is no JSON is not repeated", async () => {
    for (const [body, type] of [
      [`{"metadata":{"name":"x"},"spec":{"value":"${text}`, "application/json"],
      [`{"spec": ${text}}`, "application/json"],
      [`spec:\n  value: "${text}\n`, "application/yaml"],
      [`spec: &a ${text}\nother: *a`, "application/yaml"],
      ["", "application/json"],
    ] as const) {
      const answer = await me.post(S, body, { "content-type": type });
      expect(answer.status, answer.text).toBe(400);
      expect(answer.body.message).toMatch(
        /^the object provided is unrecognized \(must be of type SecureValue\): couldn't get version\/kind; json parse error: /,
      );
      expect(answer.text).not.toContain(text.slice(0, 8));
    }
  });

  test("413 and 415", async () => {
    const large = await me.post(
      S,
      secureValue("a", { metadata: { annotations: { a: "x".repeat(1_100_000) } } }),
    );
    expectStatus(large, 413, "RequestEntityTooLarge", "the body is too large: limit is 1048576");
    const protobuf = await me.post(S, "k8s", { "content-type": "application/vnd.kubernetes.protobuf" });
    expectStatus(
      protobuf,
      415,
      "UnsupportedMediaType",
      "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml",
      {},
    );
  });

  const namesRule =
    /^metadata\.name: Invalid value: ".*": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric/;
  test.each([
    [
      "no description",
      { description: undefined },
      ["spec.description", "FieldValueRequired", "Required value: a `description` is required"],
    ],
    [
      "an empty description",
      { description: "" },
      ["spec.description", "FieldValueRequired", "Required value: a `description` is required"],
    ],
    [
      "a long description",
      { description: "🔑".repeat(26) },
      ["spec.description", "FieldValueTooLong", "Too long: may not be more than 25 characters"],
    ],
    [
      "no value",
      { value: undefined },
      ["spec", "FieldValueRequired", "Required value: either a `value` or `ref` is required"],
    ],
    [
      "null as value",
      { value: null },
      ["spec", "FieldValueRequired", "Required value: either a `value` or `ref` is required"],
    ],
    [
      "an empty value",
      { value: "" },
      ["spec", "FieldValueRequired", "Required value: either a `value` or `ref` is required"],
    ],
    [
      "a long value",
      { value: "ä".repeat(12_289) },
      ["spec.value", "FieldValueTooLong", "Too long: may not be more than 24576 bytes"],
    ],
    [
      "an empty decrypter",
      { decrypters: ["a", " "] },
      [
        "spec.decrypters.[1]",
        "FieldValueInvalid",
        'Invalid value: "": decrypters cannot be empty if specified',
      ],
    ],
    [
      "an odd decrypter",
      { decrypters: ["is this valid"] },
      ["spec.decrypters.[0]", "FieldValueInvalid", `Invalid value: "is this valid": ${labelRule}`],
    ],
    [
      "a long decrypter",
      { decrypters: ["d".repeat(64)] },
      [
        "spec.decrypters.[0]",
        "FieldValueInvalid",
        `Invalid value: "${"d".repeat(64)}": must be no more than 63 bytes`,
      ],
    ],
    [
      "a repeated decrypter",
      { decrypters: ["app1", "b", "app1 "] },
      ["spec.decrypters.[2]", "FieldValueInvalid", 'Invalid value: "app1": decrypters must be unique'],
    ],
    [
      "65 decrypters",
      { decrypters: Array.from({ length: 65 }, (_, index) => `d${index}`) },
      ["spec.decrypters", "FieldValueTooMany", "Too many: 65: must have at most 64 items"],
    ],
    [
      "a reference",
      { value: undefined, ref: "r" },
      ["spec.ref", "FieldValueForbidden", "Forbidden: a `ref` cannot be used with the system keeper"],
    ],
  ] as const)("422: %s", async (_, spec, cause) => {
    expectInvalid(await me.post(S, secureValue("a", { spec })), "a", cause);
    expect((await me.get(`${S}/a`)).status).toBe(404);
  });

  test("201: 25 code points, 24,576 bytes and 64 decrypters are not too many", async () => {
    const decrypters = Array.from({ length: 64 }, (_, index) => `${"d".repeat(60)}-${index}`);
    const spec = { description: "🔑".repeat(25), value: "ä".repeat(12_288), decrypters };
    const answer = await me.post(S, secureValue(fresh(), { spec }));
    expect(answer.status, answer.text).toBe(201);
    expect(answer.body.spec).toEqual({ description: "🔑".repeat(25), decrypters });
  });

  test("422: several faults are told together, those of decrypters alone", async () => {
    const several = await me.post(S, secureValue("a", { spec: { description: "", value: "" } }));
    expect(several.body.details.causes).toHaveLength(2);
    expect(several.body.message).toBe(
      'SecureValue.secret.grafana.app "a" is invalid: [spec.description: Required value: a `description` is required, spec: Required value: either a `value` or `ref` is required]',
    );
    const decrypters = await me.post(S, secureValue("a", { spec: { description: "", decrypters: [""] } }));
    expect(decrypters.body.details.causes).toHaveLength(1);
  });

  test.each(["Bad_Name", "-a", "a..b", "a".repeat(254), "a/b", "ä"])("422: no name: %s", async (name) => {
    const answer = await me.post(S, secureValue(name));
    expect(answer.status, answer.text).toBe(422);
    const [cause] = answer.body.details.causes;
    expect(cause.field).toBe("metadata.name");
    if (name.length <= 253) expect(`metadata.name: ${cause.message}`).toMatch(namesRule);
    else expect(cause.message).toMatch(/must be no more than 253 characters$/);
  });

  test("422: labels, annotations and owners", async () => {
    const of = async (metadata: object) => {
      const answer = await me.post(S, secureValue("a", { metadata }));
      expect(answer.status, answer.text).toBe(422);
      return answer.body.details.causes;
    };
    expect(await of({ labels: { a: "b c" } })).toEqual([
      {
        field: "metadata.labels",
        reason: "FieldValueInvalid",
        message: `Invalid value: "b c": ${labelRule}`,
      },
    ]);
    expect((await of({ labels: { "a b": "c" } }))[0].field).toBe("metadata.labels");
    expect((await of({ annotations: { "a b": "c" } }))[0].field).toBe("metadata.annotations");
    expect(await of({ annotations: { a: "x".repeat(262_144) } })).toEqual([
      {
        field: "metadata.annotations",
        reason: "FieldValueTooLong",
        message: "Too long: may not be more than 262144 bytes",
      },
    ]);
    const owner = { apiVersion: "v1", kind: "K", name: "n", uid: "u" };
    expect((await of({ ownerReferences: [owner, owner] }))[0].reason).toBe("FieldValueTooMany");
    expect((await of({ ownerReferences: [{ ...owner, uid: "" }] }))[0].field).toBe(
      "metadata.ownerReferences[0].uid",
    );
  });
});

describe("options", () => {
  const odd = '{"metadata":{"name":"odd"},"spec":{"description":"d","value":"v","value":"w","bogus":1}}';

  test("Strict: unknown and repeated members are refused", async () => {
    expectStatus(
      await me.post(`${S}?fieldValidation=Strict`, odd),
      400,
      "BadRequest",
      'SecureValue in version "v1beta1" cannot be handled as a SecureValue: strict decoding error: duplicate field "spec.value", unknown field "spec.bogus"',
    );
  });

  test("Warn: they are told in headers; Ignore: they are not", async () => {
    const warned = await me.post(`${S}?dryRun=All`, odd);
    expect(warned.status).toBe(201);
    expect(warned.headers.get("warning")).toBe(
      '299 - "duplicate field \\"spec.value\\"", 299 - "unknown field \\"spec.bogus\\""',
    );
    const ignored = await me.post(`${S}?dryRun=All&fieldValidation=Ignore`, odd);
    expect(ignored.headers.get("warning")).toBeNull();
    const yaml = await me.post(`${S}?fieldValidation=Strict`, "spec:\n  value: a\n  value: b\n", {
      "content-type": "application/yaml",
    });
    expect(yaml.body.message).toContain('strict decoding error: duplicate field "spec.value"');
  });

  test.each([
    ["dryRun=Some", 'dryRun: Unsupported value: "Some": supported values: "All"'],
    [
      "fieldValidation=Maybe",
      'fieldValidation: Unsupported value: "Maybe": supported values: "Ignore", "Warn", "Strict"',
    ],
    [`fieldManager=${"m".repeat(129)}`, "fieldManager: Too long: may not be more than 128 bytes"],
    ["fieldManager=a%0Ab", "fieldManager: Invalid value: should only contain printable characters"],
  ])("422: %s", async (query, message) => {
    const answer = await me.post(`${S}?${query}`, secureValue("a"));
    expect(answer.status).toBe(422);
    expect(answer.body.message).toBe(`CreateOptions.meta.k8s.io "" is invalid: ${message}`);
  });

  test("what is not known is ignored", async () => {
    expect((await me.get(`${S}?timeout=32s&pretty=true&_continue=x`)).status).toBe(200);
  });
});

describe("read", () => {
  test("404, 405, 406", async () => {
    expectStatus(
      await me.get(`${S}/nope`),
      404,
      "NotFound",
      'securevalues.secret.grafana.app "nope" not found',
      ofValue("nope"),
    );
    expectStatus(
      await me.put(S, {}),
      405,
      "MethodNotAllowed",
      "the server does not allow this method on the requested resource",
      {},
    );
    expectStatus(
      await me.get(`${S}/nope/status`),
      404,
      "NotFound",
      "the server could not find the requested resource",
      {},
    );
    const accept = { accept: "application/vnd.kubernetes.protobuf" };
    expectStatus(
      await me.get(S, accept),
      406,
      "NotAcceptable",
      "only the following media types are accepted: application/json",
    );
  });

  test("a table with one row", async () => {
    const name = fresh();
    const { metadata } = await made(me, here, name);
    const accept = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
    const { body } = await me.get(`${S}/${name}`, accept);
    expect(body.rows).toEqual([
      {
        cells: [name, "About it", "system", ""],
        object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata },
      },
    ]);
  });

  test("a secret of another dialect is shown as it is", async () => {
    const secrets = `/v1/organizations/default/stores/${here.name}/secrets`;
    const description = "A description longer than twenty-five characters";
    const name = "UPPER_Case";
    await me.post(secrets, { name, value: "x".repeat(30_000), description, consumers: ["A Worker!"] });
    const { body } = await me.get(`${S}/${name}`);
    expect(body.spec).toEqual({ description, decrypters: ["A Worker!"] });
    const labelled = await me.patch(
      `${S}/${name}`,
      { metadata: { labels: { a: "b" } } },
      { "content-type": "application/merge-patch+json" },
    );
    expect(labelled.status, labelled.text).toBe(200);
    expect((await me.delete(`${S}/${name}`)).status).toBe(200);
    await me.post(secrets, { name: "a/b" });
    const { body: listed } = await me.get(S);
    expect(listed.items.map((item: { metadata: { name: string } }) => item.metadata.name)).not.toContain(
      "a/b",
    );
  });
});

describe("replace", () => {
  test("200: the spec and the maps are replaced, the value stays without a new one", async () => {
    const name = fresh();
    const before = await made(me, here, name, {
      metadata: { labels: { a: "b" }, annotations: { c: "d" } },
      spec: { decrypters: ["x"] },
    });
    const { status, body } = await me.put(`${S}/${name}`, { spec: { description: "New" } });
    expect(status).toBe(200);
    expect(body.spec).toEqual({ description: "New" });
    expect(body.metadata).not.toHaveProperty("labels");
    expect(body.metadata.annotations).not.toHaveProperty("c");
    expect(body.status.version).toBe(1);
    expect(body.metadata).toMatchObject({ uid: before.metadata.uid, generation: 2 });
    expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(Number(before.metadata.resourceVersion));
    const value = await me.get(`/v1/organizations/default/stores/${here.name}/secrets/${name}/value`);
    expect(value.body.value).toBe(text);
  });

  test("200: a value is a new version each time; nothing changed is no new revision", async () => {
    const name = fresh();
    const before = await made(me, here, name);
    const same = await me.put(`${S}/${name}`, before);
    expect(same.body).toEqual(before);
    const again = await me.put(`${S}/${name}`, secureValue(name));
    expect(again.body.status.version).toBe(2);
    expect(again.body.metadata.generation).toBe(2);
    const labelled = await me.put(`${S}/${name}`, {
      ...again.body,
      metadata: { ...again.body.metadata, labels: { a: "b" } },
    });
    expect(labelled.body.metadata.generation).toBe(2);
    expect(labelled.body.status.version).toBe(2);
  });

  test("400, 404, 409, 422", async () => {
    const name = fresh();
    const before = await made(me, here, name);
    const at = `${S}/${name}`;
    expectStatus(
      await me.put(at, secureValue("other")),
      400,
      "BadRequest",
      `the name of the object (other) does not match the name on the URL (${name})`,
    );
    expectStatus(
      await me.put(at, secureValue(name, { metadata: { namespace: "x" } })),
      400,
      "BadRequest",
      `the namespace of the object (x) does not match the namespace on the request (${here.name})`,
    );
    expectStatus(
      await me.put(`${S}/nope`, secureValue("nope")),
      404,
      "NotFound",
      'securevalues.secret.grafana.app "nope" not found',
      ofValue("nope"),
    );
    const conflict = `Operation cannot be fulfilled on securevalues.secret.grafana.app "${name}": `;
    const stale = secureValue(name, { metadata: { resourceVersion: "1" } });
    expectStatus(
      await me.put(at, stale),
      409,
      "Conflict",
      `${conflict}the object has been modified; please apply your changes to the latest version and try again`,
      ofValue(name),
    );
    const other = secureValue(name, { metadata: { uid: "u" } });
    expectStatus(
      await me.put(at, other),
      409,
      "Conflict",
      `${conflict}Precondition failed: UID in precondition: u, UID in object meta: ${before.metadata.uid}`,
      ofValue(name),
    );
    expectInvalid(await me.put(at, { spec: {} }), name, [
      "spec.description",
      "FieldValueRequired",
      "Required value: a `description` is required",
    ]);
    expectInvalid(await me.put(at, { spec: { description: "d", value: "" } }), name, [
      "spec",
      "FieldValueRequired",
      "Required value: either a `value` or `ref` is required",
    ]);
    expectInvalid(await me.put(at, { spec: { description: "d", ref: "r" } }), name, [
      "spec",
      "FieldValueForbidden",
      "Forbidden: cannot set `ref` when `value` was already previously set",
    ]);
    expect((await me.get(at)).body).toEqual(before);
  });
});

describe("delete", () => {
  test("200: gone for good, at once", async () => {
    const name = fresh();
    const { metadata } = await made(me, here, name);
    const answer = await me.delete(`${S}/${name}`, { propagationPolicy: "Background" });
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 200,
      body: {
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Success",
        details: { ...ofValue(name), uid: metadata.uid },
        code: 200,
      },
    });
    expect((await me.get(`${S}/${name}`)).status).toBe(404);
    expect((await me.delete(`${S}/${name}`)).status).toBe(404);
    const { body } = await me.get("/v1/organizations/default/trash");
    expect(JSON.stringify(body)).not.toContain(metadata.uid);
    expect((await made(me, here, name)).metadata.uid).not.toBe(metadata.uid);
  });

  test("409 where the precondition does not hold, and an empty body is none", async () => {
    const name = fresh();
    const { metadata } = await made(me, here, name);
    const at = `${S}/${name}`;
    expect((await me.delete(at, { preconditions: { uid: "other" } })).status).toBe(409);
    expect((await me.delete(at, { preconditions: { resourceVersion: "1" } })).status).toBe(409);
    expect((await me.delete(`${at}?dryRun=All`)).status).toBe(200);
    expect((await me.delete(at, { dryRun: ["All"] })).status).toBe(200);
    expect((await me.get(at)).status).toBe(200);
    const { uid, resourceVersion } = metadata;
    expect((await me.delete(at, { preconditions: { uid, resourceVersion } })).status).toBe(200);
    await made(me, here, name);
    expect((await me.delete(at, "", { "content-type": "application/json" })).status).toBe(200);
  });

  test("a collection: what the selectors match", async () => {
    const there = await aNamespace(coffer);
    for (const [name, team] of [
      ["a", "x"],
      ["b", "x"],
      ["c", "y"],
    ] as const) {
      await made(me, there, name, { metadata: { labels: { team } } });
    }
    const kept = async () => (await me.get(there.securevalues)).body.items.length;
    expect((await me.delete(`${there.securevalues}?labelSelector=team%3Dx&dryRun=All`)).status).toBe(200);
    expect(await kept()).toBe(3);
    const answer = await me.delete(`${there.securevalues}?labelSelector=team%3Dx`);
    expect(answer.body).toMatchObject({ kind: "Status", status: "Success", code: 200 });
    expect(await kept()).toBe(1);
    expect((await me.delete(there.securevalues)).status).toBe(200);
    expect(await kept()).toBe(0);
  });
});
