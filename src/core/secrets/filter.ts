// Which secrets a list shows and in which order. Plain data; storage turns it into one statement.
import { invalid } from "../errors.ts";
import { limits } from "../limits.ts";
import { isLabelValue, isQualifiedName } from "./secret.ts";

export const secretOrders = ["created", "updated", "name", "description", "status", "id"] as const;
export type SecretOrder = (typeof secretOrders)[number];

/** One requirement on labels; all of a list must hold. An absent label satisfies `not in`, as in Kubernetes. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: "in" | "not in" | "exists" | "not exists";
  readonly values: readonly string[];
}

export type ListedState = "active" | "trashed" | "deleting";

export interface SecretFilter {
  readonly organizationId: string;
  /** Null: every store of the organization. */
  readonly storeIds: readonly string[] | null;
  /** Absent: of whatever name. */
  readonly names?: readonly string[];
  /** `deleting`: purged, and on its way out of another backend. */
  readonly state: ListedState;
  /** Part of the name or the description, letter case apart. */
  readonly search: string | null;
  readonly labels: readonly LabelRequirement[];
  /** Secrets that list at least one of these. Null: no such condition. */
  readonly consumersAnyOf: readonly string[] | null;
}

/** Each value is a parameter of one statement. */
export function demandSelectors({ labels, consumersAnyOf }: Pick<SecretFilter, "labels" | "consumersAnyOf">) {
  const { labelSelectorsMax, selectorValuesMax } = limits;
  if (labels.length > labelSelectorsMax) {
    throw invalid("label", `must be given at most ${labelSelectorsMax} times`, { limit: labelSelectorsMax });
  }
  const limit = selectorValuesMax;
  if (labels.some(({ values }) => values.length > limit))
    throw invalid("label", `must have at most ${limit} values`, { limit });
  if ((consumersAnyOf ?? []).length > limit)
    throw invalid("consumers", `must have at most ${limit} values`, { limit });
}

/** `KEY=VALUE`, the form of the native API. */
export function parseLabelEquals(text: string): LabelRequirement {
  const at = text.indexOf("=");
  const key = text.slice(0, at);
  const value = text.slice(at + 1);
  if (at < 1 || !isQualifiedName(key) || !isLabelValue(value)) {
    throw invalid("label", "must be KEY=VALUE with a qualified name and a label value");
  }
  return { key, operator: "in", values: [value] };
}

export function parseSearch(text: string): string {
  if (!text.isWellFormed() || text.includes("\u0000")) throw invalid("search", "must be well-formed text");
  if (text.length > limits.searchCharactersMax) {
    throw invalid("search", `must have at most ${limits.searchCharactersMax} characters`, {
      limit: limits.searchCharactersMax,
    });
  }
  return text;
}
