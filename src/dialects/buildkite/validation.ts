// What a request's fields must be, in the sentences of this API: all that is wrong at once, one reason for
// each field, in the order of the fields. What was sent is never repeated. What is right comes out typed.
import { CofferError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import { Plaintext } from "../../core/plaintext.ts";
import { parsePolicy } from "../../core/secrets/secret.ts";
import { characters } from "../../core/text.ts";

export interface Problem {
  readonly field: string;
  /** The sentence without its subject. */
  readonly reason: string;
}

export interface Refusal {
  readonly status: 422;
  readonly body: {
    readonly message: string;
    readonly errors: readonly { readonly field: string; readonly code: string }[];
  };
}

export function refusal(problems: readonly Problem[]): Refusal {
  const sentences = problems.map(({ field, reason }) => `${capitalised(field)} ${reason}`);
  return refused(`Validation failed: ${sentences.join(", ")}`, problems);
}

function refused(message: string, problems: readonly Problem[]): Refusal {
  const errors = problems.map(({ field, reason }) => ({ field, code: reason }));
  return { status: 422, body: { message, errors } };
}

function capitalised(field: string): string {
  return field.charAt(0).toUpperCase() + field.slice(1);
}

export type Members = Readonly<Record<string, unknown>>;

/** An empty body is an empty object; unknown members are of no concern. */
export function membersOf(body: unknown): Members {
  if (body === undefined) return {};
  if (typeof body === "object" && body !== null && !Array.isArray(body)) return { ...body };
  throw new CofferError("request.invalid", "The body must be a JSON object.", { field: "body" });
}

/** What was checked, or what is wrong with it. */
export type Checked<T> = { readonly input: T } | { readonly refusal: Refusal };

function checked<T>(problems: readonly (Problem | null)[], input: () => T): Checked<T> {
  const found = problems.filter((problem) => problem !== null);
  return found.length > 0 ? { refusal: refusal(found) } : { input: input() };
}

// ---- secrets -------------------------------------------------------------------------------------

const keyCharactersMax = 255;
export interface NewSecret {
  readonly name: string;
  readonly value: Plaintext | null;
  readonly description: string | null;
  readonly policy: string | null;
}

/** `belowKilobytes`: the bound of its value. */
export function newSecret(members: Members, belowKilobytes: number): Checked<NewSecret> {
  const { key, value = null, description = null, policy = null } = members;
  return checked(
    [
      problem("key", keyProblem(key)),
      problem("value", value === null ? null : valueProblem(value, belowKilobytes)),
      problem("description", descriptionProblem(description)),
      problem("policy", policyProblem(policy)),
    ],
    () => ({
      name: textOf(key),
      value: value === null ? null : new Plaintext(textOf(value)),
      description: description === null ? null : textOf(description),
      policy: policy === null ? null : textOf(policy),
    }),
  );
}

export interface Details {
  readonly description?: string | null;
  readonly policy?: string | null;
}

/** Absent members stay as they are; null clears. */
export function details(members: Members): Checked<Details> {
  const { description, policy } = members;
  const unchangeable = refusedMember(members);
  if (unchangeable !== null) return { refusal: unchangeable };
  return checked(
    [
      problem("description", description === undefined ? null : descriptionProblem(description)),
      problem("policy", policy === undefined ? null : policyProblem(policy)),
    ],
    () => ({
      ...(description === undefined
        ? {}
        : { description: description === null ? null : textOf(description) }),
      ...(policy === undefined ? {} : { policy: policy === null ? null : textOf(policy) }),
    }),
  );
}

function refusedMember(members: Members): Refusal | null {
  for (const [field, reason] of [
    ["key", "cannot be updated"],
    ["value", "cannot be updated on this endpoint"],
  ] as const) {
    if (Object.hasOwn(members, field)) {
      return refused(`The ${field} parameter ${reason}.`, [{ field, reason }]);
    }
  }
  return null;
}

export function newValue({ value = null }: Members, belowKilobytes: number): Checked<Plaintext> {
  const reason = value === null ? "can't be blank" : valueProblem(value, belowKilobytes);
  return checked([problem("value", reason)], () => new Plaintext(textOf(value)));
}

function problem(field: string, reason: string | null): Problem | null {
  return reason === null ? null : { field, reason };
}

/** Of what was found to be text. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  throw new CofferError("internal", "A field was taken for text without having been checked.");
}

function keyProblem(key: unknown): string | null {
  if (key === undefined || key === null) return "can't be blank";
  if (typeof key !== "string") return "must be a string";
  if (isBlank(key)) return "can't be blank";
  if (characters(key) > keyCharactersMax) return `is too long (maximum is ${keyCharactersMax} characters)`;
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(key)) {
    return "must start with a letter and only contain letters, numbers, and underscores";
  }
  // The names that the agent keeps for itself.
  return /^(buildkite|bk)/i.test(key) ? "cannot start with 'buildkite' or 'bk'" : null;
}

function valueProblem(value: unknown, belowKilobytes: number): string | null {
  if (typeof value !== "string") return "must be a string";
  if (isBlank(value)) return "can't be blank";
  if (!isText(value)) return "must be valid UTF-8 text";
  const fits = Buffer.byteLength(value) < belowKilobytes * 1_024;
  return fits ? null : `must be less than ${belowKilobytes} kilobytes`;
}

function descriptionProblem(description: unknown): string | null {
  if (description === null) return null;
  if (typeof description !== "string") return "must be a string";
  if (!isText(description)) return "must be valid UTF-8 text";
  const max = limits.descriptionCharactersMax;
  return characters(description) > max ? `is too long (maximum is ${max} characters)` : null;
}

function policyProblem(policy: unknown): string | null {
  if (policy === null) return null;
  if (typeof policy !== "string") return "must be a string";
  try {
    parsePolicy(policy);
    return null;
  } catch (error) {
    if (!(error instanceof CofferError)) throw error;
    return `is invalid: ${error.details.rule ?? "cannot be read"}`;
  }
}

function isBlank(text: string): boolean {
  return text.trim() === "";
}

/** U+0000 ends a text in many a program that a job runs. */
function isText(text: string): boolean {
  return text.isWellFormed() && !text.includes("\u0000");
}

// ---- clusters ------------------------------------------------------------------------------------

export interface ClusterInput {
  readonly name?: string;
  readonly description?: string | null;
  readonly emoji?: string | null;
  readonly color?: string | null;
}

const optionalMembers = ["description", "emoji", "color"] as const;
/** They lie in the store's attributes, of which the core bounds the sum. */
const clusterTextMax = 1_024;

/** `whole`: a new cluster, which must have a name. */
export function cluster(members: Members, kind: "whole" | "change"): Checked<ClusterInput> {
  const { name } = members;
  const left = name === undefined && kind === "change";
  return checked(
    [
      problem("name", left ? null : nameProblem(name)),
      ...optionalMembers.map((field) => problem(field, clusterTextProblem(members[field] ?? null))),
      problem("maintainers", maintainersProblem(members.maintainers ?? null)),
    ],
    () => ({
      ...(left ? {} : { name: textOf(name) }),
      ...Object.fromEntries(
        optionalMembers
          .filter((field) => members[field] !== undefined)
          .map((field) => [field, members[field]]),
      ),
    }),
  );
}

function nameProblem(name: unknown): string | null {
  if (name === undefined || name === null) return "can't be blank";
  if (typeof name !== "string") return "must be a string";
  if (isBlank(name)) return "can't be blank";
  const max = limits.storeNameCharactersMax;
  if (characters(name) > max) return `is too long (maximum is ${max} characters)`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  const controls = /[\u0000-\u001f\u007f-\u009f]/.test(name);
  return name.isWellFormed() && !controls ? null : "must be valid UTF-8 text without control characters";
}

/** To leave them out would give somebody less than was asked for, without a word. */
function maintainersProblem(maintainers: unknown): string | null {
  const none = maintainers === null || (Array.isArray(maintainers) && maintainers.length === 0);
  return none ? null : "must be given as grants of Coffer";
}

function clusterTextProblem(text: unknown): string | null {
  if (text === null) return null;
  if (typeof text !== "string") return "must be a string";
  if (!isText(text)) return "must be valid UTF-8 text";
  return characters(text) > clusterTextMax ? `is too long (maximum is ${clusterTextMax} characters)` : null;
}
