// Lists: selectors, pages, tables, and all namespaces at once.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import { aNamespace, api, asTable, aVersion, expectStatus, made } from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const here = await aNamespace(coffer);
const S = here.securevalues;
const names = ["a", "b", "c", "d", "e"];

beforeAll(async () => {
  for (const [index, name] of names.entries()) {
    const labels = {
      number: String(index),
      ...(index % 2 === 0 ? { even: "yes" } : {}),
      "example.com/x": "",
    };
    await made(me, here, name, { metadata: { labels } });
  }
});

const found = async (query: string) => {
  const answer = await me.get(`${S}?${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body.items.map((item: { metadata: { name: string } }) => item.metadata.name).join("");
};

const q = (query: Record<string, string>) => new URLSearchParams(query).toString();

test("a list: kind, version, objects by name; nothing is an empty list", async () => {
  const { body } = await me.get(S);
  expect(body).toEqual({
    kind: "SecureValueList",
    apiVersion: "secret.grafana.app/v1beta1",
    metadata: { resourceVersion: aVersion },
    items: body.items,
  });
  expect(body.items).toHaveLength(5);
  expect(body.items[0]).toEqual((await me.get(`${S}/a`)).body);
  const none = await aNamespace(coffer);
  expect((await me.get(none.securevalues)).body.items).toEqual([]);
});

test.each([
  ["even", "ace"],
  ["!even", "bd"],
  ["even=yes", "ace"],
  [" even == yes , number != 0 ", "ce"],
  ["even!=yes", "bd"],
  ["number in (1, 2,7)", "bc"],
  ["number notin (1,2)", "ade"],
  ["even notin (yes)", "bd"],
  ["number>2", "de"],
  ["number<1", "a"],
  ["number>0,number<3,even", "c"],
  ["example.com/x", "abcde"],
  ["example.com/x=", "abcde"],
  ["example.com/x in (,y)", "abcde"],
  ["nothing", ""],
  ["", "abcde"],
])("labelSelector %s", async (labelSelector, expected) => {
  expect(await found(q({ labelSelector }))).toBe(expected);
});

test.each([
  ["a=b c", "unable to parse requirement: found 'c', expected: ',' or 'end of string'"],
  ["=b", "unable to parse requirement: found '=', expected: identifier"],
  ["a in b", "unable to parse requirement: found 'b' expected: '('"],
  ["a in (b", "unable to parse requirement: found '', expected: ',' or ')'"],
  ["a ~ b", "unable to parse requirement: found '~', expected: in, notin, =, ==, !=, gt, lt"],
  ["a>b", "unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an integer"],
  ["a,,b", "unable to parse requirement: found ',', expected: identifier"],
])("400: labelSelector %s", async (labelSelector, message) => {
  expectStatus(await me.get(`${S}?${q({ labelSelector })}`), 400, "BadRequest", message);
});

test.each([
  ["metadata.name=c", "c"],
  ["metadata.name==c", "c"],
  ["metadata.name!=c", "abde"],
  ["metadata.name=nope", ""],
  [`metadata.namespace=${here.name}`, "abcde"],
  ["metadata.namespace=other", ""],
  ["metadata.name=a,metadata.name!=a", ""],
])("fieldSelector %s", async (fieldSelector, expected) => {
  expect(await found(q({ fieldSelector }))).toBe(expected);
});

test.each([
  ["spec.value=a", '"spec.value" is not a known field selector: only "metadata.name", "metadata.namespace"'],
  ["metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
])("400: fieldSelector %s", async (fieldSelector, message) => {
  expectStatus(await me.get(`${S}?${q({ fieldSelector })}`), 400, "BadRequest", message);
});

describe("pages", () => {
  const all = async (query: Record<string, string>, headers?: Record<string, string>) => {
    const pages: string[] = [];
    const versions = new Set<string>();
    for (let token = ""; ; ) {
      const { body } = await me.get(
        `${S}?${q({ ...query, ...(token === "" ? {} : { continue: token }) })}`,
        headers,
      );
      const items = body.items ?? body.rows.map((row: { object: unknown }) => row.object);
      pages.push(items.map((item: { metadata: { name: string } }) => item.metadata.name).join(""));
      versions.add(body.metadata.resourceVersion);
      token = body.metadata.continue ?? "";
      if (token === "") return { pages, versions: versions.size };
      if (pages.length === 1) await made(me, await aNamespace(coffer), "between");
    }
  };

  test("by limit and continue, all of the first one's version", async () => {
    expect(await all({ limit: "2" })).toEqual({ pages: ["ab", "cd", "e"], versions: 1 });
    expect(await all({ limit: "5" })).toEqual({ pages: ["abcde"], versions: 1 });
    expect(await all({ limit: "0" })).toEqual({ pages: ["abcde"], versions: 1 });
    expect(await all({ limit: "2" }, asTable)).toEqual({ pages: ["ab", "cd", "e"], versions: 1 });
    expect(await all({ limit: "1", labelSelector: "even" })).toEqual({ pages: ["a", "c", "e"], versions: 1 });
  });

  test("400: a limit or a token that is none", async () => {
    expect((await me.get(`${S}?limit=-1`)).status).toBe(400);
    for (const token of ["x", "bm9uZQ", Buffer.from('[1,2,"\\u0000","a","b"]').toString("base64url")]) {
      const answer = await me.get(`${S}?limit=1&continue=${token}`);
      expect(answer.status).toBe(400);
      expect(answer.body.message).toMatch(/^continue key is not valid: /);
    }
  });

  test("over all namespaces they go on in the next one", async () => {
    const seen: string[] = [];
    for (let token = ""; ; ) {
      const answer = await me.get(
        `${api}/securevalues?${q({ limit: "2", ...(token === "" ? {} : { continue: token }) })}`,
      );
      expect(answer.status, answer.text).toBe(200);
      expect(answer.body.items.length).toBeLessThanOrEqual(2);
      for (const { metadata } of answer.body.items) seen.push(`${metadata.namespace}/${metadata.name}`);
      token = answer.body.metadata.continue ?? "";
      if (token === "") break;
    }
    const whole = (await me.get(`${api}/securevalues`)).body.items;
    expect(seen).toEqual(
      whole.map(
        ({ metadata }: { metadata: { namespace: string; name: string } }) =>
          `${metadata.namespace}/${metadata.name}`,
      ),
    );
    expect(seen).toEqual(seen.toSorted());
    expect(seen.length).toBeGreaterThan(5);
  });
});

describe("tables", () => {
  test("columns and rows, and what goes with each", async () => {
    const { body } = await me.get(`${S}?limit=1`, asTable);
    const object = (await me.get(`${S}/a`)).body;
    expect(body).toEqual({
      kind: "Table",
      apiVersion: "meta.k8s.io/v1",
      metadata: { resourceVersion: aVersion, continue: expect.any(String) },
      columnDefinitions: [
        { name: "Name", type: "string", format: "name", description: "", priority: 0 },
        {
          name: "Description",
          type: "string",
          format: "string",
          description: "Short description that explains the purpose of this SecureValue",
          priority: 0,
        },
        {
          name: "Keeper",
          type: "string",
          format: "string",
          description: "Storage of the secure value",
          priority: 0,
        },
        {
          name: "Ref",
          type: "string",
          format: "string",
          description: "If present, the reference to a secret",
          priority: 0,
        },
      ],
      rows: [
        {
          cells: ["a", "About it", "system", ""],
          object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata },
        },
      ],
    });
    const whole = await me.get(`${S}?limit=1&includeObject=Object`, asTable);
    expect(whole.body.rows[0].object).toEqual(object);
    const none = await me.get(`${S}?limit=1&includeObject=None`, asTable);
    expect(none.body.rows[0]).not.toHaveProperty("object");
  });

  test("the order of what is accepted decides, and errors are no tables", async () => {
    const plain = await me.get(S, {
      accept: "application/json, application/json;as=Table;v=v1;g=meta.k8s.io",
    });
    expect(plain.body.kind).toBe("SecureValueList");
    const older = await me.get(S, { accept: "application/json;g=meta.k8s.io;v=v1beta1;as=Table" });
    expect(older.body.apiVersion).toBe("meta.k8s.io/v1beta1");
    expect((await me.get(`${S}/nope`, asTable)).body.kind).toBe("Status");
  });
});
