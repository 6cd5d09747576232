// What grants need of a database.
import type { Grant, GrantObject, GrantSubject, HeldGrant, Level } from "./grant.ts";

/** Where a grant stands in a list. */
export type GrantPlace = Pick<Grant, "subject" | "object">;

/** A part that is null is any. */
export interface GrantFilter {
  readonly subject: GrantSubject | null;
  readonly object: GrantObject | null;
  /** Whether grants on machines are among them. */
  readonly onMachines: boolean;
}

export interface GrantReader {
  /** What a person or machine holds in the organization, directly or by groups. */
  heldBy(organizationId: string, kind: "person" | "machine", id: string): Promise<readonly HeldGrant[]>;
  find(organizationId: string, subject: GrantSubject, object: GrantObject): Promise<Level | null>;
  /** In order of object and subject, after the given one. */
  list(
    organizationId: string,
    filter: GrantFilter,
    page: { readonly after: GrantPlace | null; readonly limit: number },
  ): Promise<readonly Grant[]>;
  /** How many the subject holds, and how many there are on the object; neither is counted further. */
  count(
    organizationId: string,
    subject: GrantSubject,
    object: GrantObject,
    upTo: { readonly ofSubject: number; readonly onObject: number },
  ): Promise<{ readonly ofSubject: number; readonly onObject: number }>;
}

export interface GrantRepository extends GrantReader {
  /** Sets the level; false where it was that already. */
  put(organizationId: string, grant: Grant, at: number): Promise<boolean>;
  /** False where there was none. */
  remove(organizationId: string, subject: GrantSubject, object: GrantObject): Promise<boolean>;
  /** All grants to a subject, or on an object, that is gone. */
  forgetSubject(organizationId: string, subject: GrantSubject): Promise<void>;
  forgetObject(organizationId: string, object: GrantObject): Promise<void>;
}
