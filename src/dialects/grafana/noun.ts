// What a kind of object is to the routes: its names, its rules, and how the core keeps it. SecureValue and
// Keeper are the two.
import type { Action } from "../../core/actions.ts";
import type { Caller } from "../../core/caller.ts";
import type { Ref } from "../../core/organizations/organization.ts";
import type { Precondition } from "../../core/secrets/update.ts";
import type { Store } from "../../core/stores/store.ts";
import type { Stored } from "./present.ts";
import type { ObjectMeta, Struct } from "./schema.ts";
import type { Selection } from "./selectors.ts";
import type { FieldError } from "./status.ts";
import type { Column } from "./table.ts";

/** Where a request acts, once its caller is admitted there. */
export interface At {
  readonly caller: Caller;
  readonly org: Ref;
  readonly store: Store;
  /** As the request wrote it. */
  readonly namespace: string;
}

/** A new object, or what is to become of one: its metadata as it will be kept. */
export interface Draft<Spec> {
  readonly name: string;
  readonly meta: ObjectMeta;
  readonly spec: Spec;
}

export interface Kept {
  readonly id: string;
  readonly name: string;
  readonly revision: number;
}

export interface Listed<R> {
  readonly items: readonly R[];
  /** Where the organization stood. */
  readonly revision: number;
  readonly more: boolean;
}

export interface Noun<R extends Kept, Spec> {
  readonly kind: string;
  readonly resource: "securevalues" | "keepers";
  /** What the names begin with that nobody gave. */
  readonly prefix: string;
  readonly struct: Struct;
  readonly columns: readonly Column[];
  readonly cells: (stored: Stored) => readonly string[];
  readonly rights: Readonly<{ [V in "read" | "list" | "create" | "write" | "delete"]: Action }>;
  stored(record: R, namespace: string): Stored;
  /** Whether its name can stand in the paths of this API. */
  isShown(record: R): boolean;
  get(at: At, name: string): Promise<R>;
  /** By name, after the given one; at least one where `more`. */
  list(
    at: At,
    query: {
      readonly after: { readonly name: string; readonly id: string } | null;
      readonly limit: number;
      readonly selection: Selection;
    },
  ): Promise<Listed<R>>;
  /** All but what metadata.ts checks. `before` is null of a new one. */
  specErrors(at: At, draft: Draft<Spec>, before: R | null): readonly FieldError[];
  /** Faults of single entries, which are told alone. */
  entryErrors(draft: Draft<Spec>, before: R | null): readonly FieldError[];
  create(at: At, draft: Draft<Spec>, dryRun: boolean): Promise<R>;
  /** Throws `precondition.failed` where it has changed since `before`. */
  update(at: At, before: R, draft: Draft<Spec>, dryRun: boolean): Promise<R>;
  /** Answers its id. What still stands in the way is an error of a field. */
  remove(at: At, name: string, precondition: Precondition): Promise<string | readonly FieldError[]>;
}
