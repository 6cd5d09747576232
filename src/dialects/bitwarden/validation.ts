// Bodies, checked whole before anything is touched: each field by the rule and in the words of the
// service. What was sent is never repeated, except ids.
import { isUuid } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import { isEncString, type sealedMax as maxima, sealedMax } from "./encstring.ts";
import type { Problems } from "./errors.ts";
import { Refusal } from "./route.ts";
import type { Wire } from "./wire.ts";

export type Members = Readonly<Record<string, unknown>>;

/** The members of a body, whatever their letter case: the service reads them so. Null: it has none. */
export function membersOf(body: unknown): Members {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return {};
  return Object.fromEntries(Object.entries(body).map(([name, member]) => [name.toLowerCase(), member]));
}

/** Gathers what is wrong with a body. */
export class Check {
  readonly #problems: Record<string, string[]> = {};
  readonly #members: Members;

  constructor(body: unknown) {
    this.#members = membersOf(body);
  }

  get refusal(): Refusal | null {
    return Object.keys(this.#problems).length === 0 ? null : new Refusal(this.#problems as Problems);
  }

  problem(field: string, text: string): void {
    this.#problems[field] = [...(this.#problems[field] ?? []), text];
  }

  member(field: string): unknown {
    return this.#members[field.toLowerCase()] ?? null;
  }

  /** A sealed text, opened where the server can. */
  sealed(field: string, max: keyof typeof maxima, wire: Wire | null): string {
    const text = this.member(field);
    if (typeof text !== "string" || text === "") {
      this.problem(field, `The ${field} field is required.`);
      return "";
    }
    const most = sealedMax[max];
    if (text.length > most) {
      this.problem(
        field,
        `The field ${field} exceeds the maximum encrypted value length of ${most} characters.`,
      );
      return "";
    }
    // One sentence for every reason: what opens and what does not must not be told apart.
    const opened = isEncString(text) ? (wire === null ? text : wire.in(text)) : null;
    if (opened === null) this.problem(field, `${field} is not a valid encrypted string.`);
    return opened ?? "";
  }

  /** At most one; null: none. */
  project(): string | null {
    const ids = this.member("ProjectIds");
    if (ids === null) return null;
    const list = this.ids("ProjectIds", ids);
    if (list.length > 1) this.problem("ProjectIds", "Only one project assignment is supported.");
    return list[0] ?? null;
  }

  ids(field: string, value: unknown): readonly string[] {
    if (!Array.isArray(value) || !value.every((id) => typeof id === "string" && isUuid(id))) {
      this.problem(field, `The ${field} field must be a list of ids.`);
      return [];
    }
    if (value.length > limits.batchMax) {
      this.problem(field, `The ${field} field must be a list of at most ${limits.batchMax} ids.`);
      return [];
    }
    return value.map((id: string) => id.toLowerCase());
  }

  /** Null where it is absent. */
  flag(field: string): boolean | null {
    const value = this.member(field);
    if (value === null || typeof value === "boolean") return value;
    this.problem(field, `The ${field} field must be true or false.`);
    return null;
  }
}

/** A body that is a list of ids itself. */
export function idsOf(body: unknown): readonly string[] | Refusal {
  const check = new Check(null);
  const ids = check.ids("ids", body);
  return check.refusal ?? ids;
}

export function repeatedIn(ids: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const id of ids) (seen.has(id) ? repeated : seen).add(id);
  return [...repeated];
}
