// The rules of a secret's parts at their borders. Messages are asserted whole: people read them.
import { describe, expect, test } from "vitest";
import { CofferError } from "../errors.ts";
import {
  parseAnnotations,
  parseConsumers,
  parseDescription,
  parseLabels,
  parsePolicy,
  parseSecretName,
  parseValue,
} from "./secret.ts";

function refused(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof CofferError && error.code === "request.invalid") return error.message;
    throw error;
  }
  return "taken";
}

const names = (count: number, prefix = "n") =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);
const map = (keys: readonly string[], value = "v") => Object.fromEntries(keys.map((key) => [key, value]));

describe("what is taken", () => {
  test.each([
    ["a name of 500 characters", () => parseSecretName("🔑".repeat(500), "server")],
    ["a name with spaces, slashes and percent signs", () => parseSecretName(" a/b%2f ", "server")],
    ["a value of 65,536 bytes", () => parseValue("é".repeat(32_768), "server")],
    ["an empty value", () => parseValue("", "server")],
    ["a value with U+0000", () => parseValue("\u0000", "server")],
    ["a description of 65,535 characters", () => parseDescription("🔑".repeat(65_535), "server")],
    ["an empty description", () => parseDescription("", "server")],
    ["a policy of 65,536 bytes", () => parsePolicy("- build_branch: main\n#".padEnd(65_536, "p"))],
    ["64 consumers", () => parseConsumers(names(64))],
    [
      "a label of 63 characters under a prefix",
      () => parseLabels({ [`example.com/${"k".repeat(63)}`]: "v".repeat(63) }),
    ],
    ["an empty label value", () => parseLabels({ k: "" })],
    ["annotations of 256 KiB in all", () => parseAnnotations({ k: "v".repeat(262_143) })],
  ])("%s", (_, parse) => {
    expect(refused(parse)).toBe("taken");
  });
});

describe("what is refused, in these words", () => {
  test.each([
    ['"name" must have at most 500 characters', () => parseSecretName("n".repeat(501), "server")],
    ['"name" must not be empty', () => parseSecretName("", "server")],
    ['"name" must not be "." or ".."', () => parseSecretName(".", "server")],
    ['"name" must not be "." or ".."', () => parseSecretName("..", "server")],
    ['"name" must not contain control characters', () => parseSecretName("a\nb", "server")],
    ['"name" must not contain control characters', () => parseSecretName("a\u0085b", "server")],
    ['"name" must be well-formed Unicode text', () => parseSecretName("a\ud800", "server")],
    ['"name" must be a string that its client has sealed', () => parseSecretName("not ciphertext", "client")],
    ['"value" must have at most 65536 bytes of UTF-8', () => parseValue("v".repeat(65_537), "server")],
    ['"value" must have at most 65536 bytes of UTF-8', () => parseValue("é".repeat(32_769), "server")],
    ['"value" must have at most 35000 characters', () => parseValue("v".repeat(35_001), "client")],
    ['"value" must be well-formed Unicode text', () => parseValue("\udc00", "server")],
    [
      '"description" must have at most 65535 characters',
      () => parseDescription("d".repeat(65_536), "server"),
    ],
    ['"description" must not contain the character U+0000', () => parseDescription("\u0000", "server")],
    ['"policy" must have at most 65536 bytes', () => parsePolicy(`#${"é".repeat(32_768)}`)],
    ['"policy" must have at most 65536 characters', () => parsePolicy(`#${"p".repeat(65_536)}`)],
    [
      `"policy" rule 1 has an unknown claim 'branch' (line 2; did you mean 'build_branch'?)`,
      () => parsePolicy("# jobs\n- branch: main"),
    ],
    ['"policy" is not valid YAML (line 1)', () => parsePolicy("- [")],
    ['"consumers" must have at most 64 entries', () => parseConsumers(names(65))],
    ['"consumers[1]" must not repeat an earlier entry', () => parseConsumers(["a", "a"])],
    ['"consumers[0]" must not be empty', () => parseConsumers([""])],
    ['"labels" must have at most 64 entries', () => parseLabels(map(names(65)))],
    ['"labels" must have keys that are qualified names', () => parseLabels({ "-k": "v" })],
    ['"labels" must have keys that are qualified names', () => parseLabels({ [`${"k".repeat(64)}`]: "v" })],
    ['"labels" must have keys that are qualified names', () => parseLabels({ "Not.DNS/k": "v" })],
    [
      '"labels" must have values of at most 63 letters, digits and inner . _ -',
      () => parseLabels({ k: "v".repeat(64) }),
    ],
    [
      '"labels" must have values of at most 63 letters, digits and inner . _ -',
      () => parseLabels({ k: "a b" }),
    ],
    [
      '"annotations" must have at most 262144 bytes in all',
      () => parseAnnotations({ k: "v".repeat(262_144) }),
    ],
  ])("%s", (message, parse) => {
    expect(refused(parse)).toBe(message);
  });
});
