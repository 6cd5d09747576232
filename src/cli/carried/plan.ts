// What an import would do: pure, from what the file says and what the store has.
import type { SecretFields } from "../client.ts";
import type { Secret } from "../wire.ts";
import type { CarriedSecret } from "./document.ts";

export const conflictRules = ["fail", "skip", "overwrite"] as const;
export type ConflictRule = (typeof conflictRules)[number];

export type NamedSecret = Secret & { readonly name: string };

export type Step =
  | { readonly kind: "add"; readonly secret: CarriedSecret }
  | {
      readonly kind: "change";
      readonly name: string;
      readonly fields: SecretFields;
      readonly revision: number;
    }
  | { readonly kind: "keep"; readonly name: string };

/** `presentValue` answers the store's value; undefined where it is not known. */
export function planned(
  secrets: readonly CarriedSecret[],
  there: ReadonlyMap<string, NamedSecret>,
  rule: ConflictRule,
  presentValue: (name: string) => string | null | undefined,
): readonly Step[] {
  return secrets.map((secret): Step => {
    const { name } = secret;
    const before = there.get(name);
    if (before === undefined) return { kind: "add", secret: withoutNulls(secret) };
    if (rule === "skip") return { kind: "keep", name };
    const fields = differing(secret, before, presentValue(name));
    if (Object.keys(fields).length === 0) return { kind: "keep", name };
    return { kind: "change", name, fields, revision: before.revision };
  });
}

/** Of the names in the file those that the store has. */
export function conflicting(
  secrets: readonly CarriedSecret[],
  there: ReadonlyMap<string, NamedSecret>,
): readonly string[] {
  return secrets.map(({ name }) => name).filter((name) => there.has(name));
}

function differing(
  secret: CarriedSecret,
  before: NamedSecret,
  value: string | null | undefined,
): SecretFields {
  const { name: _, value: wanted, ...metadata } = secret;
  const changed = Object.entries(metadata).filter(([member, said]) => {
    return !same(said, before[member as keyof typeof metadata]);
  });
  return {
    ...Object.fromEntries(changed),
    ...(wanted === undefined || wanted === value ? {} : { value: wanted }),
  };
}

function same(one: unknown, other: unknown): boolean {
  if (typeof one === "string" && typeof other === "string") {
    return one === other || (isMoment(one) && isMoment(other) && Date.parse(one) === Date.parse(other));
  }
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

const isMoment = (text: string): boolean => /^\d{4}-\d\d-\d\dT/.test(text);

/** Members in one order: that of labels says nothing, that of consumers does. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value ?? null;
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
}

function withoutNulls(secret: CarriedSecret): CarriedSecret {
  const { name, ...rest } = secret;
  return { name, ...Object.fromEntries(Object.entries(rest).filter(([, member]) => member !== null)) };
}
