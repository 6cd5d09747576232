import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Failure } from "../failure.ts";
import {
  type CarriedSecret,
  jsonStyle,
  parseJsonDocument,
  parseYamlDocument,
  yamlStyle,
} from "./document.ts";

const formats = {
  JSON: { style: jsonStyle, parse: parseJsonDocument },
  YAML: { style: yamlStyle, parse: parseYamlDocument },
};

const awkward = fc.string({
  unit: fc.constantFrom(
    ..."a- :#'\"|>&*!%@`{}[],?\n\r\t\0\u0085\u2028\ufeff\u0007yn~0",
    "\u{1f511}",
    "null",
    "---",
  ),
  maxLength: 30,
});
const texts = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  awkward,
  fc.stringMatching(/^[ -~\n]{0,60}$/),
);
const maps = fc.dictionary(fc.oneof(fc.stringMatching(/^[a-z.0-9-]{1,10}$/), awkward), texts, { maxKeys: 4 });
const secret = fc.record(
  {
    name: texts,
    value: texts,
    description: texts,
    policy: texts,
    consumers: fc.array(texts, { maxLength: 3 }),
    labels: maps,
    annotations: maps,
    expiresAt: texts,
  },
  { requiredKeys: ["name"] },
);
const secrets = fc.uniqueArray(secret, { selector: ({ name }) => name, maxLength: 5 });

for (const [name, { style, parse }] of Object.entries(formats)) {
  const written = (all: readonly CarriedSecret[]) =>
    style.begin +
    all.map((one, index) => style.item(one, index === 0)).join("") +
    style.end(all.length === 0);

  describe(name, () => {
    test("what is written comes back byte for byte, with every member", () => {
      fc.assert(
        fc.property(secrets, (all) => {
          const kept = all.map((one) => JSON.parse(JSON.stringify(one)) as CarriedSecret);
          expect(parse(written(kept))).toEqual(kept);
        }),
        { numRuns: 500 },
      );
    });

    test("a policy stands as the lines that it is", () => {
      const policy = "- build_branch: main\n  pipeline: deploy\n";
      const file = written([{ name: "A", policy }]);
      if (name === "YAML") expect(file).toContain("policy: |\n    - build_branch: main\n");
      expect(parse(file)).toEqual([{ name: "A", policy }]);
    });

    test("a member that is null is told apart from one that is absent", () => {
      const source = `{"format":"coffer/secrets/1","secrets":[{"name":"A","description":null}]}`;
      expect(parse(source)).toEqual([{ name: "A", description: null }]);
    });

    const hidden = "hunter2";
    const one = (members: string) => `{"format":"coffer/secrets/1","secrets":[{"name":"A",${members}}]}`;
    test.each([
      ["another format", `{"format":"other","secrets":[]}`],
      ["no format", `{"A":"${hidden}"}`],
      ["no list", `{"format":"coffer/secrets/1","secrets":{"A":"${hidden}"}}`],
      ["something else", `["${hidden}"]`],
      ["nothing", ""],
      ["half of it", `{"format":"coffer/secrets/1","secrets":[{"name":"A","value":"${hidden}`],
      ["a number as a value", one(`"value":123`)],
      ["a value that is null", one(`"value":null`)],
      ["an unknown member", one(`"valve":"${hidden}"`)],
      ["a member twice", one(`"value":"${hidden}","value":"x"`)],
      ["a member twice, spelt differently", one(`"value":"${hidden}","v\\u0061lue":"x"`)],
      ["a label twice", one(`"labels":{"a":"${hidden}","a":"x"}`)],
      ["a label that is no text", one(`"labels":{"a":1}`)],
      ["a secret twice", `{"format":"coffer/secrets/1","secrets":[{"name":"A"},{"name":"A"}]}`],
    ])("%s is refused, and nothing of it is repeated", (_, source) => {
      const failure = failureOf(() => parse(source));
      expect(failure.message + failure.hint).not.toContain(hidden);
    });
  });
}

test.each([
  ["an alias", "- name: &a A\n  value: *a\n"],
  ["a tag", "- name: A\n  value: !!binary aHVudGVyMg==\n"],
  ["a number", "- name: A\n  value: 0777\n"],
  ["a truth", "- name: A\n  value: true\n"],
  ["a second document", "- name: A\n---\nsecrets: []\n"],
  ["a merge", "- name: A\n  <<: { value: hunter2 }\n"],
])("YAML with %s is refused", (_, items) => {
  expect(() => parseYamlDocument(`format: coffer/secrets/1\nsecrets:\n${items}`)).toThrow(Failure);
});

function failureOf(work: () => unknown): Failure {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error("it was taken");
}
