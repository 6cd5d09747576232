// From a policy's text to its rules. YAML with nothing clever in it: no anchors, tags or second
// documents, every scalar a string as it is written. It is bounded before it is parsed, and an error
// names the rule, the line and the nearest claim, never what was written there.
import { isMap, isScalar, isSeq, LineCounter, type ParsedNode } from "yaml";
import { limits } from "../limits.ts";
import { documentOf, YamlFault } from "../yaml.ts";
import { canonical, pipelineClaims, unknownName, type Vocabulary } from "./claims.ts";
import { broken, unreadable } from "./faults.ts";
import { type Pattern, patternOf } from "./glob.ts";
import { refuseUnreadable } from "./scan.ts";

/** Met when any of its rules is. */
export interface Policy {
  readonly rules: readonly Rule[];
}

/** Met when all of its requirements are. */
export interface Rule {
  readonly line: number;
  readonly requirements: readonly Requirement[];
}

/** Met when any of the claim's values matches any of the patterns. */
export interface Requirement {
  readonly claim: string;
  readonly patterns: readonly Pattern[];
}

/** Null: only blanks and comments, which is no policy. */
export function parsePolicy(text: string, vocabulary: Vocabulary = pipelineClaims): Policy | null {
  const yaml = text.startsWith("\ufeff") ? text.slice(1) : text;
  refuseUnreadable(yaml);
  if (yaml.split("\n").every((line) => /^[ \t\r]*(#|$)/.test(line))) return null;
  const lineCounter = new LineCounter();
  const lineAt = (offset: number) => lineCounter.linePos(offset).line;
  const contents = contentsOf(yaml, lineCounter);
  const lineOf: Reading["lineOf"] = (node, parent = 1) => (node === null ? parent : lineAt(node.range[0]));
  return rulesOf(contents, { vocabulary, lineOf });
}

function contentsOf(yaml: string, lineCounter: LineCounter): ParsedNode | null {
  // The parser compares each key with all before it; here only known keys are compared.
  const options = { schema: "failsafe", lineCounter, prettyErrors: false, uniqueKeys: false } as const;
  try {
    return documentOf(yaml, { options, onNewLine: lineCounter.addNewLine }).contents;
  } catch (error) {
    if (!(error instanceof YamlFault)) throw error;
    const rule = error.manyDocuments ? "must be a single document" : "is not valid YAML";
    throw unreadable(rule, lineCounter.linePos(error.at).line);
  }
}

interface Reading {
  readonly vocabulary: Vocabulary;
  /** What is left out stands where its parent stands. */
  readonly lineOf: (node: ParsedNode | null, parent?: number) => number;
}

function rulesOf(list: ParsedNode | null, reading: Reading): Policy {
  const line = reading.lineOf(list);
  if (!isSeq(list)) throw broken("policy", "must be a list of rules", { line });
  if (list.items.length === 0) throw broken("policy", "must contain at least one rule", { line });
  if (list.items.length > limits.policyRulesMax) {
    throw broken("policy", `must have at most ${limits.policyRulesMax} rules`, { line });
  }
  return { rules: list.items.map((node, index) => ruleOf(node, `rule ${index + 1}`, reading)) };
}

function ruleOf(node: ParsedNode, rule: string, reading: Reading): Rule {
  const line = reading.lineOf(node);
  if (!isMap(node)) throw broken("policy", `${rule} must be a map of claims`, { line });
  if (node.items.length === 0) throw broken("policy", `${rule} must contain at least one claim`, { line });
  const claims = new Set<string>();
  const requirements = node.items.map(({ key, value }) => {
    const name = isScalar(key) ? String(key.value) : "";
    const kind = reading.vocabulary.get(name);
    const at = reading.lineOf(key);
    if (kind === undefined) {
      const { shown, nearest } = unknownName(name, reading.vocabulary);
      throw broken("policy", `${rule} has an unknown claim${shown}`, { line: at, nearest });
    }
    if (claims.has(name)) throw broken("policy", `${rule} has the claim '${name}' twice`, { line: at });
    claims.add(name);
    const patterns = conditionsOf(value, `${rule} claim '${name}'`, at, reading);
    return { claim: name, patterns: patterns.map((text) => patternOf(canonical(kind, text))) };
  });
  return { line, requirements };
}

function conditionsOf(value: ParsedNode | null, claim: string, line: number, reading: Reading): string[] {
  const conditions = isSeq(value) ? value.items : [value];
  if (conditions.length > limits.policyConditionsMax) {
    throw broken("policy", `${claim} must have at most ${limits.policyConditionsMax} conditions`, { line });
  }
  const mustBeText = (node: ParsedNode | null) =>
    broken("policy", `${claim} must be a string or a list of strings`, { line: reading.lineOf(node, line) });
  if (conditions.length === 0) throw mustBeText(value);
  return conditions.map((node) => {
    if (!isScalar(node) || typeof node.value !== "string" || node.value === "") throw mustBeText(node);
    return node.value;
  });
}
