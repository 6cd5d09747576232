import { describe, expect, test } from "vitest";
import { document, index, version2Binary } from "./openapi.ts";

interface Field {
  readonly number: number;
  readonly content: Buffer;
}

/** The fields of a message in which all have a length. */
function fieldsOf(message: Buffer): readonly Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++] ?? 0;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    expect(key & 7).toBe(2);
    const length = varint();
    fields.push({ number: key >> 3, content: message.subarray(at, at + length) });
    at += length;
  }
  return fields;
}

/** What lies at a path of field numbers, all of it. */
function at(message: Buffer, ...path: readonly number[]): readonly Buffer[] {
  const [number, ...rest] = path;
  if (number === undefined) return [message];
  return fieldsOf(message).flatMap((field) => (field.number === number ? at(field.content, ...rest) : []));
}

const texts = (found: readonly Buffer[]) => found.map((bytes) => bytes.toString());

describe("the older document in its binary form", () => {
  test("says its version, and that a patch of each kind takes a dry run", () => {
    expect(version2Binary.subarray(0, 5).toString("hex")).toBe("0a03322e30");
    const paths = at(version2Binary, 8, 2);
    expect(paths).toHaveLength(2);
    for (const [kind, path] of [
      ["SecureValue", paths[0]],
      ["Keeper", paths[1]],
    ] as const) {
      const [patch] = at(path as Buffer, 2, 8);
      const [extension] = at(patch as Buffer, 13);
      expect(texts(at(extension as Buffer, 1))).toEqual(["x-kubernetes-group-version-kind"]);
      expect(texts(at(extension as Buffer, 2, 2))).toEqual([
        `group: secret.grafana.app\nkind: ${kind}\nversion: v1beta1\n`,
      ]);
      expect(texts(at(patch as Buffer, 8, 1, 2, 3, 4))).toContain("dryRun");
    }
  });
});

describe("the newer document", () => {
  const { paths, components } = JSON.parse(document);

  test("lies where the index says", () => {
    const [entry] = Object.values(index.paths);
    expect(entry?.serverRelativeURL).toMatch(
      /^\/openapi\/v3\/apis\/secret\.grafana\.app\/v1beta1\?hash=[0-9A-F]{64}$/,
    );
  });

  test("has the server check fields, and names only schemas that it has", () => {
    const one = paths["/apis/secret.grafana.app/v1beta1/namespaces/{namespace}/securevalues/{name}"];
    expect(one.patch["x-kubernetes-group-version-kind"]).toEqual({
      group: "secret.grafana.app",
      kind: "SecureValue",
      version: "v1beta1",
    });
    const names = one.patch.parameters.map(({ name }: { name: string }) => name);
    expect(names).toEqual(["dryRun", "fieldManager", "fieldValidation", "force"]);
    for (const [, name] of document.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      expect(components.schemas).toHaveProperty([name ?? ""]);
    }
  });
});
