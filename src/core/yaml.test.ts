// What is counted before YAML is parsed, and where the parser stops.
import { describe, expect, test } from "vitest";
import { parseDocument, stringify } from "yaml";
import { limits } from "./limits.ts";
import { documentOf, excessOf, YamlFault } from "./yaml.ts";

const bounds = { depthMax: 64, refused: new Set(["alias"]) };
const excess = (text: string, more: Partial<typeof bounds> = {}) => excessOf(text, { ...bounds, ...more });

/** Maps and lists in each other, so deep. */
function nested(depth: number): unknown {
  let value: unknown = "x";
  for (let at = 0; at < depth; at += 1) value = at % 2 === 0 ? { a: value, b: 1 } : [value, "y"];
  return value;
}

describe("excess", () => {
  test("none in what people write, in whatever style", () => {
    for (const flow of [false, true]) {
      const text = stringify(nested(24), { collectionStyle: flow ? "flow" : "block" });
      expect(excess(text)).toBeNull();
      expect(excess(`# c\n---\n${text}...\n`)).toBeNull();
    }
    expect(excess("a: |\n  - - - - {{{{\n\n  [[[[\nb: '[[[['\nc: \"[\\\n  [\"\nd: e\n  - - -\n")).toBeNull();
  });

  test("depth is that of brackets and of columns, and falls with them", () => {
    for (const depth of [4, 8, 16])
      expect(excess(stringify(nested(depth * 4), { indent: 1 }), { depthMax: depth })?.kind).toBe("depth");
    expect(excess(stringify(Array.from({ length: 50 }, () => nested(2))), { depthMax: 8 })).toBeNull();
    const over = (text: string) => excess(text, { depthMax: 8 });
    expect(over(`${"[".repeat(7)}${"]".repeat(7)}`)).toBeNull();
    expect(over("a:\n [\n  [[[[[[[[")).toEqual({ kind: "depth", type: "flow-seq-start", line: 3 });
    expect(over("- - - - - - - -")).toBeNull();
    expect(over("- - - - - - - - -")).toEqual({ kind: "depth", type: "seq-item-ind", line: 1 });
    const stairs = Array.from({ length: 9 }, (_, column) => `${" ".repeat(column)}?\n`).join("");
    expect(over(stairs)).toEqual({ kind: "depth", type: "explicit-key-ind", line: 9 });
    expect(over(stairs.slice(0, -10) + stairs)).toEqual({
      kind: "depth",
      type: "explicit-key-ind",
      line: 17,
    });
  });

  test("lexemes and lines have a bound", () => {
    const list = (count: number) => `[${"a,".repeat(count)}`;
    const fits = Math.floor((limits.yamlLexemesMax - 2) / 3);
    expect(excess(list(fits))).toBeNull();
    expect(excess(list(fits + 1))).toMatchObject({ kind: "lexemes", line: 1 });
    expect(excess(list(100 * fits))?.kind).toBe("lexemes");
    const lines = (count: number) => `a: |\n${" b\n".repeat(count)}`;
    expect(excess(lines(limits.yamlLinesMax - 2))).toBeNull();
    expect(excess(lines(limits.yamlLinesMax))?.kind).toBe("lines");
  });

  test("what is refused is named, and what stands where nothing can", () => {
    expect(excess("a: &b c\nd: *b\n")).toEqual({ kind: "refused", type: "alias", line: 2 });
    for (const text of ["]", "[]]", "[,,", "a: [\nb"]) expect(excess(text)?.kind, text).toBe("misplaced");
  });
});

describe("the document", () => {
  const options = { schema: "core", prettyErrors: false } as const;
  const faultOf = (text: string) => {
    try {
      documentOf(text, { options });
    } catch (error) {
      if (error instanceof YamlFault) return error;
      throw error;
    }
    return null;
  };

  test("is read as by the library itself", () => {
    const value = nested(12);
    expect(documentOf(stringify(value), { options }).toJS()).toEqual(value);
    expect(documentOf("", { options }).toJS()).toBeNull();
  });

  test.each(["- 'a\n\n", "[:\n:{\n", "- a\n \tb: c", "a: b: c\n", "a: [b\nc: d", '"\\q\\x"', "@", "|x\na"])(
    "of %j the first fault is told, wherever it was found",
    (text) => {
      const places = parseDocument(text, { prettyErrors: false }).errors.map(({ pos }) => pos[0]);
      expect(faultOf(text)).toMatchObject({ at: Math.min(...places), manyDocuments: false });
    },
  );

  test("one is enough, or the first is", () => {
    expect(faultOf("a\n---\nb\n")).toMatchObject({ at: 2, manyDocuments: true });
    expect(faultOf("@\n---\nb\n")).toMatchObject({ at: 0, manyDocuments: false });
    const many = `a: 1\n---\n${"b: 1\n---\n".repeat(100)}`;
    expect(documentOf(many, { options, firstAlone: true }).toJS()).toEqual({ a: 1 });
  });

  test("the parser stops at faults: it does not collect one for each of a million", () => {
    // Fails where a release of the library names differently what is put in the place of its own.
    const startedAt = process.threadCpuUsage();
    for (const text of [`"${"\\q".repeat(500_000)}"`, "[]".repeat(100_000)])
      expect(faultOf(text)).not.toBeNull();
    expect(process.threadCpuUsage(startedAt).user / 1_000).toBeLessThan(2_000);
  });
});
