// What a request's fields must be: all that is wrong at once, in the words of the service's framework. What
// was sent is never repeated. What is right comes out typed. Nothing is converted and nothing trimmed.
import { limits } from "../../core/limits.ts";
import { Plaintext } from "../../core/plaintext.ts";
import type { LastingOrder } from "../../core/secrets/position.ts";
import type { Attributes } from "../../core/stores/store.ts";
import { characters } from "../../core/text.ts";
import type { Problem, Refusal } from "./errors.ts";

/** What was checked, or what is wrong with it. */
export type Checked<T> = { readonly input: T } | { readonly refusal: Refusal };

type Members = Readonly<Record<string, unknown>>;
type Place = "body" | "query";
/** What is wrong, without its place; null: nothing. */
type Finding = Pick<Problem, "msg" | "type"> | null;

function refused(problems: readonly Problem[]): { readonly refusal: Refusal } {
  return { refusal: { status: 422, detail: problems } };
}

function problemsIn(place: Place, findings: Readonly<Record<string, Finding>>): readonly Problem[] {
  return Object.entries(findings).flatMap(([field, finding]) =>
    finding === null ? [] : [{ loc: [place, field], ...finding }],
  );
}

/** Null where it is no object. Unknown members are of no concern. */
export function membersOf(body: unknown): Members | null {
  return typeof body === "object" && body !== null && !Array.isArray(body) ? { ...body } : null;
}

function noObject(body: unknown): { readonly refusal: Refusal } {
  return refused([
    body === undefined
      ? { loc: ["body"], msg: "Field required", type: "missing" }
      : { loc: ["body"], msg: "Input should be a valid dictionary", type: "dict_type" },
  ]);
}

// ---- bodies --------------------------------------------------------------------------------------

export interface NewSecret {
  readonly name: string;
  readonly value: Plaintext;
  readonly description: string | null;
}

export function newSecret(body: unknown, rule: KeyRule): Checked<NewSecret> {
  const members = membersOf(body);
  if (members === null) return noObject(body);
  const { key, value, description = null } = members;
  const problems = problemsIn("body", {
    key: required(key, (text) => keyFinding(text, rule)),
    value: required(value, valueFinding),
    description: description === null ? null : textFinding(description, descriptionFinding),
  });
  if (typeof key !== "string" || typeof value !== "string" || problems.length > 0) return refused(problems);
  const described = typeof description === "string" ? description : null;
  return { input: { name: key, value: new Plaintext(value), description: described } };
}

export interface Change {
  readonly value?: Plaintext;
  readonly description?: string;
}

/** Null is absent. A key is not changed, whatever it says. */
export function change(body: unknown): Checked<Change> {
  const members = membersOf(body);
  if (members === null) return noObject(body);
  const { value = null, description = null } = members;
  const problems = problemsIn("body", {
    description: description === null ? null : textFinding(description, descriptionFinding),
    value: value === null ? null : textFinding(value, valueFinding),
  });
  if (problems.length > 0) return refused(problems);
  return {
    input: {
      ...(typeof value === "string" ? { value: new Plaintext(value) } : {}),
      ...(typeof description === "string" ? { description } : {}),
    },
  };
}

function required(member: unknown, find: (text: string) => Finding): Finding {
  return member === undefined ? { msg: "Field required", type: "missing" } : textFinding(member, find);
}

function textFinding(member: unknown, find: (text: string) => Finding): Finding {
  if (typeof member !== "string") return { msg: "Input should be a valid string", type: "string_type" };
  if (!member.isWellFormed()) {
    const msg = "Input should be a valid string, unable to parse raw data as a unicode string";
    return { msg, type: "string_unicode" };
  }
  return find(member);
}

function atLeastOne(text: string): Finding {
  if (text !== "") return null;
  return { msg: "String should have at least 1 character", type: "string_too_short" };
}

function atMost(max: number, text: string): Finding {
  if (characters(text) <= max) return null;
  return { msg: `String should have at most ${max} characters`, type: "string_too_long" };
}

// ---- keys ----------------------------------------------------------------------------------------

/** The newer one fits the names of every cloud; the older one took dots. */
export type KeyRule = "newer" | "legacy";

const keyRules: Readonly<Record<KeyRule, { readonly form: RegExp; readonly charactersMax: number }>> = {
  newer: { form: /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, charactersMax: 90 },
  legacy: { form: /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, charactersMax: 253 },
};

/** A setting of the store. */
export function keyRuleOf({ "scale.keyRule": rule }: Attributes): KeyRule {
  return rule === "legacy" ? "legacy" : "newer";
}

function keyFinding(key: string, rule: KeyRule): Finding {
  const { form, charactersMax } = keyRules[rule];
  const length = atLeastOne(key) ?? atMost(charactersMax, key);
  if (length !== null || form.test(key)) return length;
  return { msg: `String should match pattern '${form.source}'`, type: "string_pattern_mismatch" };
}

// ---- values and descriptions ---------------------------------------------------------------------

function valueFinding(value: string): Finding {
  const max = limits.valueBytesMax;
  if (Buffer.byteLength(value) <= max) return atLeastOne(value);
  return { msg: `Value error, must have at most ${max} bytes in UTF-8`, type: "value_error" };
}

const descriptionCharactersMax = 1_024;

/** It lies in a column, which holds no U+0000. */
function descriptionFinding(description: string): Finding {
  if (!description.includes("\u0000")) return atMost(descriptionCharactersMax, description);
  return { msg: "Value error, must not contain the character U+0000", type: "value_error" };
}

// ---- lists ---------------------------------------------------------------------------------------

export interface ListAsked {
  readonly order: LastingOrder;
  readonly direction: "asc" | "desc";
  readonly limit: number;
  /** Where the page begins, and which way it goes from there. */
  readonly cursor: { readonly id: string; readonly way: "after" | "before" } | null;
}

const limitMax = limits.pageMax;
const limitDefault = 100;

const orders = {
  created_at: { order: "created", direction: "desc" },
  updated_at: { order: "updated", direction: "desc" },
  key: { order: "name", direction: "asc" },
  id: { order: "id", direction: "asc" },
} as const satisfies Readonly<Record<string, Pick<ListAsked, "order" | "direction">>>;

export function listAsked(query: Members): Checked<ListAsked> {
  const { limit, sort_by: sortBy, sort_order: sortOrder } = query;
  const { starting_after: after, ending_before: before } = query;
  const order = sortBy === undefined ? "created_at" : sortBy;
  const both = after !== undefined && before !== undefined;
  const problems = problemsIn("query", {
    ending_before: textIn(before),
    limit: limit === undefined ? null : limitFinding(limit),
    sort_by: isOrder(order) ? null : among(Object.keys(orders)),
    sort_order: sortOrder === undefined || isDirection(sortOrder) ? null : among(["asc", "desc"]),
    starting_after:
      textIn(after) ??
      (both ? { msg: "Value error, must not be given with ending_before", type: "value_error" } : null),
  });
  if (!isOrder(order) || problems.length > 0) return refused(problems);
  const { order: by, direction } = orders[order];
  return {
    input: {
      order: by,
      direction: isDirection(sortOrder) ? sortOrder : direction,
      limit: limit === undefined ? limitDefault : Number(limit),
      cursor: cursorOf(after, before),
    },
  };
}

function cursorOf(after: unknown, before: unknown): ListAsked["cursor"] {
  if (typeof after === "string") return { id: after, way: "after" };
  return typeof before === "string" ? { id: before, way: "before" } : null;
}

/** A parameter that is repeated is a list of texts. */
function textIn(parameter: unknown): Finding {
  return parameter === undefined ? null : textFinding(parameter, () => null);
}

function limitFinding(limit: unknown): Finding {
  if (typeof limit !== "string" || !/^-?\d{1,15}$/.test(limit)) {
    const msg = "Input should be a valid integer, unable to parse string as an integer";
    return { msg, type: "int_parsing" };
  }
  if (Number(limit) < 1) {
    return { msg: "Input should be greater than or equal to 1", type: "greater_than_equal" };
  }
  return Number(limit) <= limitMax
    ? null
    : { msg: `Input should be less than or equal to ${limitMax}`, type: "less_than_equal" };
}

function isOrder(name: unknown): name is keyof typeof orders {
  return typeof name === "string" && Object.hasOwn(orders, name);
}

function isDirection(name: unknown): name is "asc" | "desc" {
  return name === "asc" || name === "desc";
}

function among(names: readonly string[]): Finding {
  const quoted = names.map((name) => `'${name}'`);
  const msg = `Input should be ${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
  return { msg, type: "literal_error" };
}
