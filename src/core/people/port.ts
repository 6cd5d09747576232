// What the core needs of a database about people.
import type { Role } from "../authorize.ts";
import type { Actor } from "../caller.ts";
import type { Invitation, Membership, Person } from "./person.ts";

/** Where a list of people goes on; the e-mail address is folded. */
export interface PeoplePosition {
  readonly email: string;
  readonly id: string;
}

export interface PeopleReader {
  /** The first person of the installation, who owns what `init --recover` opens again. */
  firstOperator(): Promise<Person | null>;
  find(id: string): Promise<Person | null>;
  /** By folded e-mail address, after the given one. */
  accounts(page: { readonly after: string | null; readonly limit: number }): Promise<readonly Person[]>;
  hasOtherOperator(personId: string): Promise<boolean>;
  /** Whose address that is, letter case apart. */
  findByEmail(email: string): Promise<Person | null>;
  /** By e-mail address, invitations among them; `only` one person's where it is not null. */
  list(
    organizationId: string,
    page: {
      readonly after: PeoplePosition | null;
      readonly limit: number;
      readonly only: string | null;
    },
  ): Promise<readonly Membership[]>;
  membership(organizationId: string, id: string): Promise<Membership | null>;
  /** Whether an account with that address is in the organization. */
  hasMember(organizationId: string, email: string): Promise<boolean>;
  hasOtherOwner(organizationId: string, personId: string): Promise<boolean>;
  invitation(id: string): Promise<Invitation | null>;
  invitationTo(organizationId: string, email: string): Promise<Invitation | null>;
}

export interface NewMembership {
  readonly id: string;
  readonly organizationId: string;
  readonly personId: string;
  readonly role: Role;
  readonly createdAt: number;
}

export interface PeopleRepository extends PeopleReader {
  /** Throws `people.email_taken`. */
  insert(person: Person): Promise<void>;
  /** Name, e-mail address, and whether he is an operator. Throws `people.email_taken`. */
  update(person: Person): Promise<void>;
  /** Name and e-mail address, and no rights. Throws `people.email_taken`. */
  rename(person: Pick<Person, "id" | "name" | "email">): Promise<void>;
  insertMembership(membership: NewMembership): Promise<void>;
  changeRole(membershipId: string, role: Role): Promise<void>;
  /** With what hung on it: his places in groups, and his tokens that lead to this organization alone. */
  removeMembership(organizationId: string, membershipId: string, personId: string): Promise<void>;
  /** Takes the place of one to the same address. */
  putInvitation(invitation: Invitation): Promise<void>;
  changeInvitation(id: string, role: Role, createdBy: Actor): Promise<void>;
  /** False where it is not there any more, or has another code. */
  takeInvitation(id: string, hash: Uint8Array): Promise<boolean>;
  removeInvitation(id: string): Promise<void>;
}
