// What groups need of a database.
import type { Position } from "../pagination.ts";
import type { Group, GroupMember } from "./group.ts";

export interface GroupReader {
  find(organizationId: string, id: string): Promise<Group | null>;
  /** By name, after the given one. */
  list(
    organizationId: string,
    page: { readonly after: Position | null; readonly limit: number },
  ): Promise<readonly Group[]>;
  /** By the person's id, after the given one. */
  members(
    id: string,
    page: { readonly after: string | null; readonly limit: number },
  ): Promise<readonly GroupMember[]>;
  countMembers(id: string): Promise<number>;
  /** In how many groups of the organization the person is. */
  countOf(organizationId: string, personId: string): Promise<number>;
}

export interface GroupRepository extends GroupReader {
  /** Throws `group.name_taken`, as `rename` does. */
  insert(group: Group): Promise<void>;
  rename(id: string, name: string): Promise<void>;
  /** False where he was one already. */
  addMember(group: Group, personId: string, at: number): Promise<boolean>;
  /** False where he was none. */
  removeMember(id: string, personId: string): Promise<boolean>;
  /** With its members. */
  remove(id: string): Promise<void>;
}
