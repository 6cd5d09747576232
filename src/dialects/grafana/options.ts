// The query options of requests that change something: dryRun, fieldManager, fieldValidation, force.
// Unknown parameters are ignored, as Kubernetes does.
import { type Answer, type FieldError, forbiddenField, invalid, notSupported, required } from "./status.ts";

export type QueryText = Readonly<Record<string, string | undefined>>;

export type FieldValidation = "Strict" | "Warn" | "Ignore";

export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
}

type OptionsKind = "CreateOptions" | "UpdateOptions" | "PatchOptions" | "DeleteOptions";

const validations: readonly FieldValidation[] = ["Ignore", "Warn", "Strict"];
const managerBytesMax = 128;

/** A repeated parameter counts once. */
export function queryOf(query: unknown): QueryText {
  const given = (query ?? {}) as Readonly<Record<string, string | readonly string[]>>; // as the framework parses it
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, typeof value === "string" ? value : value[0]]),
  );
}

export function writeOptions(
  kind: OptionsKind,
  query: QueryText,
  { apply = false, dryRuns = [] as readonly string[] } = {},
): WriteOptions | Answer {
  const errors: FieldError[] = [];
  const asked = [...(query.dryRun === undefined ? [] : [query.dryRun]), ...dryRuns].filter((it) => it !== "");
  const unknown = asked.find((it) => it !== "All");
  if (unknown !== undefined) errors.push(notSupported("dryRun", unknown.slice(0, 64), ["All"]));
  errors.push(...managerErrors(query.fieldManager ?? "", apply));
  if (query.force !== undefined && kind === "PatchOptions" && !apply && query.force !== "false")
    errors.push(forbiddenField("force", "may not be specified for non-apply patch"));
  const given = query.fieldValidation ?? "";
  const fieldValidation = given === "" ? "Warn" : validations.find((it) => it === given);
  if (fieldValidation === undefined)
    errors.push(notSupported("fieldValidation", given.slice(0, 64), [...validations]));
  if (errors.length > 0 || fieldValidation === undefined)
    return invalid({ kind, group: "meta.k8s.io", name: null }, errors);
  return { dryRun: asked.length > 0, fieldValidation };
}

function managerErrors(manager: string, apply: boolean): readonly FieldError[] {
  const field = "fieldManager";
  if (manager === "") return apply ? [required(field, "is required for apply patch")] : [];
  if (Buffer.byteLength(manager) > managerBytesMax) {
    const message = `Too long: may not be more than ${managerBytesMax} bytes`;
    return [{ reason: "FieldValueTooLong", message, field }];
  }
  if (/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u.test(manager)) return [];
  return [
    {
      reason: "FieldValueInvalid",
      message: "Invalid value: should only contain printable characters",
      field,
    },
  ];
}

/** `true` and `1` are yes, as Go reads them. */
export function isYes(text: string | undefined): boolean {
  return (
    text === "true" || text === "1" || text === "True" || text === "TRUE" || text === "t" || text === "T"
  );
}
