// What the deletion of an organization needs of a database. From its first commit on an organization
// that is deleted is found by nobody but this.
import type { Custody } from "./organization.ts";

export interface EndedReader {
  /** Organizations that are deleted and not yet gone, by id. */
  list(page: { readonly after: string | null; readonly limit: number }): Promise<readonly string[]>;
}

export interface EndedRepository extends EndedReader {
  /** Waits for whoever takes revisions of it. Its slug is free at once. */
  begin(organizationId: string, at: number): Promise<void>;
  /** Whether it holds a secret in any state. */
  holdsSecrets(organizationId: string): Promise<boolean>;
  /** Takes revisions for what goes, and with them its row until the commit; null where it is gone. */
  take(
    organizationId: string,
    revisions: number,
  ): Promise<{ readonly custody: Custody; readonly revision: number } | null>;
  secrets(organizationId: string, limit: number): Promise<readonly string[]>;
  /** Removes rows of one kind, at most so many; answers how many, 0 where nothing but keys is left. */
  removeRows(organizationId: string, limit: number): Promise<number>;
  /** Keys, epoch and the organization itself. */
  removeLast(organizationId: string): Promise<void>;
}
