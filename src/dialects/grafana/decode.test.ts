// Bodies from strangers: what is taken, and that nothing takes long.
import { describe, expect, test } from "vitest";
import { CofferError } from "../../core/errors.ts";
import { decode, parseBody, strictError } from "./decode.ts";
import { deleteOptions } from "./schema.ts";

const bodyMax = 1024 * 1024;

function parsed(text: string, form: "json" | "yaml" = "yaml"): unknown {
  return parseBody(Buffer.from(text), form, "SecureValue").value;
}

/** What follows the sentence that all of them have; null: it is taken. */
function refusal(text: string, form: "json" | "yaml" = "yaml"): string | null {
  try {
    parsed(text, form);
  } catch (error) {
    if (error instanceof CofferError && error.code === "request.invalid")
      return error.message.replace(/^.*json parse error: /, "");
    throw error;
  }
  return null;
}

describe("YAML that clients send is taken:", () => {
  const many = (count: number, line: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => line(index)).join("");
  const named = (indent: string, name: string) => (index: number) =>
    `${indent}example.org/${name}-${index}: "some ${name} number ${index}"  # why\n`;

  test("a value of 24 KiB in the shortest lines, with all that may stand beside it", () => {
    const value = `${"a\n".repeat(12_287)}a\n`;
    const text =
      `# One of many comments.\n${many(200, () => "# It has many lines.\n")}---\n` +
      "apiVersion: secret.grafana.app/v1beta1\nkind: SecureValue\nmetadata:\n  name: a\n" +
      `  labels:\n${many(64, named("    ", "label"))}` +
      `  annotations:\n${many(200, named("    ", "annotation"))}` +
      `spec:\n  description: d\n  decrypters:\n${many(64, (index) => `    - service-${index}\n`)}` +
      `  value: |\n${value.replace(/^(?=.)/gm, "    ")}`;
    expect(parsed(text)).toMatchObject({
      metadata: { labels: { "example.org/label-63": "some label number 63" } },
      spec: { value, decrypters: { length: 64 } },
    });
  });

  test("long text in every style", () => {
    const words = "word ".repeat(5_000).trim();
    for (const written of [words, `"${words}"`, `'${words}'`, `>-\n  ${words}`, `|-\n  ${words}`])
      expect(parsed(`a: ${written}\n`)).toEqual({ a: words });
    expect(parsed(`a:\n  - ${words.replaceAll(" ", "\n    ")}\n`)).toEqual({ a: [words] });
  });

  test("JSON by the name of YAML, as kubectl sends it, whatever its size", () => {
    const value = { metadata: { annotations: Object.fromEntries(named500()) } };
    expect(parsed(JSON.stringify(value))).toEqual(value);
    expect(parsed(JSON.stringify(value, null, "\t"))).toEqual(value);
    expect(parsed("{a: [b], c: 'd'}")).toEqual({ a: ["b"], c: "d" });
    expect(refusal('{"__proto__": {}}')).toBe('"body" must not have a member "__proto__"');
  });

  const named500 = () =>
    Array.from({ length: 5_000 }, (_, index) => [`example.org/name-${index}`, `number ${index}`] as const);

  test("the first document of several", () => {
    expect(parsed("---\na: 1\n---\nb: 2\n")).toEqual({ a: 1 });
  });
});

describe("a hostile body of 1 MiB is answered in bounded time:", () => {
  const full = (part: string, before = "", after = "") =>
    before + part.repeat(Math.floor((bodyMax - before.length - after.length) / part.length)) + after;
  const stairs = (part: string) => {
    let text = "";
    for (let depth = 0; text.length < 1_000_000; depth += 1) text += `${" ".repeat(depth)}${part}\n`;
    return text;
  };
  const not = "error converting YAML to JSON";
  const tokens = "exceeded max tokens";
  const deep = "exceeded max depth";
  test.each<[string, string, string | null]>([
    ["closing brackets", full("]"), not],
    ["brackets", full("["), deep],
    ["pairs of brackets", full("[]"), tokens],
    ["pairs of brackets in one", full("[],", "["), tokens],
    ["braces in lists", full("[{"), deep],
    ["aliases", full("*a "), not],
    ["anchors", full("&a "), tokens],
    ["tags", full("!a "), tokens],
    ["lines", full("a: 1\n"), tokens],
    ["items", full("1,", "["), tokens],
    ["dashes", full("- "), deep],
    ["keys in keys", full("? "), deep],
    ["keys in keys in lists", full("[? "), deep],
    ["keys deeper and deeper", stairs("?"), deep],
    ["maps deeper and deeper", stairs("a:"), deep],
    ["colons", full(": "), deep],
    ["quoted words", full('"a" '), tokens],
    ["comments", full("#\n"), tokens],
    ["line ends", full("\n"), tokens],
    ["directives", full("%a\n"), tokens],
    ["documents", full("---\n"), tokens],
    ["bad escapes", full("\\q", 'a: "', '"'), not],
    ["one text", full("a b ", "a: "), null],
    ["a text over lines", full("a\n "), "exceeded max lines"],
    ["a block over lines", full(" a\n", "a: |\n"), "exceeded max lines"],
    ["what is nearly JSON", full('"a",', "[", '"a"'), tokens],
  ])("%s", (_, text, told) => {
    const startedAt = process.threadCpuUsage();
    expect(refusal(text)).toBe(told);
    // A tenth of it on a quiet machine; some of these took half a minute.
    expect(process.threadCpuUsage(startedAt).user / 1_000).toBeLessThan(500);
  });
});

describe("what is repeated or unknown is told in a few words, however much there is:", () => {
  const long = "n".repeat(10_000);
  const twice = (count: number) => `{${'"b":1,'.repeat(count)}"b":1}`;
  const findings = (text: string, form: "json" | "yaml") =>
    decode(deleteOptions, parseBody(Buffer.from(text), form, "DeleteOptions")).findings;

  test.each<[string, string, "json" | "yaml"]>([
    ["members below a long name", `{"${long}":${twice(5_000)}}`, "json"],
    ["members deep down", `${`{"${long}":`.repeat(60)}${twice(5_000)}${"}".repeat(60)}`, "json"],
    ["a long member", `{${`"${long}":1,`.repeat(50)}"b":1}`, "json"],
    ["YAML below a long name", `? ${long}\n: ${"b: 1\n  ".repeat(1_000)}`, "yaml"],
    ["long YAML", `"${"n".repeat(900)}": 1\n`.repeat(1_000), "yaml"],
    [
      "what is unknown",
      JSON.stringify(Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [at, 1]))),
      "json",
    ],
  ])("%s", (_, text, form) => {
    const found = findings(text, form);
    expect(found.length).toBeGreaterThan(10);
    expect(found.length).toBeLessThanOrEqual(2_000);
    for (const each of found) expect(each.length).toBeLessThan(160);
    expect(strictError("DeleteOptions", found).message.length).toBeLessThan(4_000);
  });
});
