// Label and field selectors: parsed as Kubernetes does, then asked of labels and names. What the core can
// ask its tables is handed on; the rest is asked here.
import { CofferError } from "../../core/errors.ts";
import type { LabelRequirement } from "../../core/secrets/filter.ts";
import { isLabelValue, isQualifiedName } from "../../core/secrets/secret.ts";
import { quoted } from "./status.ts";

type Labels = Readonly<Record<string, string>>;

/** `gt` and `lt` compare whole numbers; the core knows the others. */
export type Requirement =
  | LabelRequirement
  | { readonly key: string; readonly operator: "gt" | "lt"; readonly bound: bigint };

export interface FieldRequirement {
  readonly field: "metadata.name" | "metadata.namespace";
  readonly equal: boolean;
  readonly value: string;
}

export interface Selection {
  readonly labels: readonly Requirement[];
  readonly fields: readonly FieldRequirement[];
}

export function selectionOf(query: Readonly<Record<string, string | undefined>>): Selection {
  return {
    labels: parseLabelSelector(query.labelSelector ?? ""),
    fields: parseFieldSelector(query.fieldSelector ?? ""),
  };
}

/** Those that the core asks its tables. */
export function asked(labels: readonly Requirement[]): readonly LabelRequirement[] {
  return labels.filter((one): one is LabelRequirement => "values" in one);
}

/** The only name that can match; null: more than one may. */
export function onlyName({ fields }: Selection): string | null {
  return fields.find(({ field, equal }) => field === "metadata.name" && equal)?.value ?? null;
}

export function selects(
  { labels, fields }: Selection,
  object: { readonly name: string; readonly namespace: string; readonly labels: Labels | null },
): boolean {
  const found = { "metadata.name": object.name, "metadata.namespace": object.namespace };
  return (
    fields.every(({ field, equal, value }) => (found[field] === value) === equal) &&
    labels.every((requirement) => meets(requirement, object.labels ?? {}))
  );
}

function meets(requirement: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.operator) {
    case "exists":
      return value !== undefined;
    case "not exists":
      return value === undefined;
    case "in":
      return value !== undefined && requirement.values.includes(value);
    case "not in":
      return value === undefined || !requirement.values.includes(value);
    case "gt":
      return value !== undefined && wholeNumber.test(value) && BigInt(value) > requirement.bound;
    case "lt":
      return value !== undefined && wholeNumber.test(value) && BigInt(value) < requirement.bound;
  }
}

const wholeNumber = /^-?\d{1,19}$/;

const tokenForm = /[ \t]*(==|!=|[=!<>(),]|[^ \t=!<>(),]+)/y;

function parseLabelSelector(text: string): readonly Requirement[] {
  const tokens: string[] = [];
  tokenForm.lastIndex = 0;
  for (const trimmed = text.trimEnd(); tokenForm.lastIndex < trimmed.length; ) {
    const match = tokenForm.exec(trimmed);
    if (match === null) break;
    tokens.push(match[1] ?? "");
  }
  if (tokens.length === 0) return [];
  return requirementsOf(tokens);
}

function requirementsOf(tokens: readonly string[]): readonly Requirement[] {
  let at = 0;
  const next = (): string => tokens[at++] ?? "";
  const peek = (): string => tokens[at] ?? "";
  const isWord = (token: string) => token !== "" && !/^[=!<>(),]/.test(token);
  const key = (): string => {
    const token = next();
    if (!isWord(token)) throw unparsable(`found '${shown(token)}', expected: identifier`);
    if (!isQualifiedName(token))
      throw unparsable(`<nil>: Invalid value: ${quoted(shown(token))}: a qualified name must be a label key`);
    return token;
  };
  const value = (): string => (isWord(peek()) ? checkedValue(next()) : "");
  const values = (): readonly string[] => {
    const opening = next();
    if (opening !== "(") throw unparsable(`found '${shown(opening)}' expected: '('`);
    const found = [value()];
    for (;;) {
      const token = next();
      if (token === ")") return found;
      if (token !== ",") throw unparsable(`found '${shown(token)}', expected: ',' or ')'`);
      found.push(value());
    }
  };
  const one = (): Requirement => {
    if (peek() === "!") {
      next();
      return { key: key(), operator: "not exists", values: [] };
    }
    const of = key();
    const operator = peek();
    if (operator === "" || operator === ",") return { key: of, operator: "exists", values: [] };
    next();
    switch (operator) {
      case "=":
      case "==":
        return { key: of, operator: "in", values: [value()] };
      case "!=":
        return { key: of, operator: "not in", values: [value()] };
      case "in":
        return { key: of, operator: "in", values: values() };
      case "notin":
        return { key: of, operator: "not in", values: values() };
      case ">":
      case "<": {
        const bound = value();
        if (!wholeNumber.test(bound))
          throw unparsable("for 'Gt', 'Lt' operators, the value must be an integer");
        return { key: of, operator: operator === ">" ? "gt" : "lt", bound: BigInt(bound) };
      }
      default:
        throw unparsable(`found '${shown(operator)}', expected: in, notin, =, ==, !=, gt, lt`);
    }
  };
  const requirements = [one()];
  while (at < tokens.length) {
    const comma = next();
    if (comma !== ",") throw unparsable(`found '${shown(comma)}', expected: ',' or 'end of string'`);
    requirements.push(one());
  }
  return requirements;
}

function checkedValue(text: string): string {
  if (isLabelValue(text)) return text;
  throw unparsable(
    `values[0]: Invalid value: ${quoted(shown(text))}: a valid label value is at most 63 letters, digits and inner . _ -`,
  );
}

const shown = (token: string) => token.slice(0, 64);

function unparsable(detail: string): CofferError {
  return new CofferError("request.invalid", `unable to parse requirement: ${detail}`, {
    field: "labelSelector",
  });
}

const knownFields = ["metadata.name", "metadata.namespace"] as const;

function parseFieldSelector(text: string): readonly FieldRequirement[] {
  return splitUnescaped(text, ",")
    .filter((part) => part !== "")
    .map((part) => {
      const match = /^((?:[^\\=!]|\\.)*)(==|!=|=)((?:[^\\=,]|\\.)*)$/.exec(part);
      if (match === null) {
        const message = `invalid selector: '${shown(text)}'; can't understand '${shown(part)}'`;
        throw new CofferError("request.invalid", message, { field: "fieldSelector" });
      }
      const [, name = "", operator, escaped = ""] = match;
      const field = knownFields.find((known) => known === name);
      if (field === undefined) {
        const known = knownFields.map(quoted).join(", ");
        const message = `${quoted(shown(name))} is not a known field selector: only ${known}`;
        throw new CofferError("request.invalid", message, { field: "fieldSelector" });
      }
      return { field, equal: operator !== "!=", value: escaped.replaceAll(/\\([\\,=])/g, "$1") };
    });
}

function splitUnescaped(text: string, separator: string): readonly string[] {
  const parts: string[] = [];
  let part = "";
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? "";
    if (character === "\\") {
      part += character + (text[at + 1] ?? "");
      at += 1;
    } else if (character === separator) {
      parts.push(part);
      part = "";
    } else part += character;
  }
  return [...parts, part];
}
