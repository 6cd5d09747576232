// What a dialect may do with people.
import type { Action } from "../actions.ts";
import type { Caller } from "../caller.ts";
import { CofferError } from "../errors.ts";
import { limits } from "../limits.ts";
import { callOf, read } from "../operation.ts";
import type { Directory } from "../organizations/directory.ts";
import type { Ref } from "../organizations/organization.ts";
import { type Page, pageOf } from "../pagination.ts";
import type { Context } from "../ports.ts";
import { fold } from "../text.ts";
import { acceptInvitation, checkInvitation, type Origin } from "./accept.ts";
import { findAuthors } from "./authors.ts";
import { invitePerson } from "./invite.ts";
import { type AccountChange, getMe, updateMe } from "./me.ts";
import { listOwnMemberships, type OwnMemberships } from "./memberships.ts";
import {
  invitationNotFound,
  type Member,
  memberOf,
  membershipAuditTarget,
  type Person,
  parseEmail,
  parsePersonName,
  parseRole,
} from "./person.ts";
import type { PeoplePosition } from "./port.ts";
import { getPerson, listPeople } from "./read.ts";
import { removePerson } from "./remove.ts";
import { changeRole } from "./role.ts";

export interface Invited {
  readonly member: Member;
  /** The one-time code. It is kept nowhere and shown this once. */
  readonly code: string;
}

export interface Accepted {
  readonly person: Person;
  readonly token: string;
}

export interface PeopleOperations {
  invite(caller: Caller, org: Ref, request: { email: string; role: string }): Promise<Invited>;
  /** By whoever has the code; it takes no credential. */
  accept(origin: Origin, request: { code: string; name: string | null }): Promise<Accepted>;
  get(caller: Caller, org: Ref, id: string): Promise<Member>;
  list(
    caller: Caller,
    org: Ref,
    page: { after: PeoplePosition | null; limit: number },
  ): Promise<Page<Member>>;
  changeRole(caller: Caller, org: Ref, id: string, role: string): Promise<Member>;
  /** Somebody else, an invitation, or oneself. */
  remove(caller: Caller, org: Ref, id: string): Promise<void>;
  /** Of these those who are members; for presenting what another operation has just answered. */
  authors(caller: Caller, org: Ref, ids: readonly string[]): Promise<readonly Person[]>;
  me(caller: Caller): Promise<Person>;
  /** One's own, by the organizations' slugs. */
  memberships(
    caller: Caller,
    page: { readonly offset: number; readonly limit: number },
  ): Promise<OwnMemberships>;
  updateMe(caller: Caller, change: AccountChange): Promise<Person>;
}

export function peopleOperations(ctx: Context, directory: Directory): PeopleOperations {
  const located = async (
    caller: Caller,
    org: Ref,
    action: Action,
    target = membershipAuditTarget(null, null),
  ) => {
    const { id: organizationId } = await directory.locate(caller, org, action, target);
    return { target, call: { ...callOf(ctx, caller), organizationId } };
  };
  return {
    async invite(caller, org, request) {
      const email = parseEmail(request.email);
      const role = parseRole(request.role);
      const { call } = await located(caller, org, "people.manage", membershipAuditTarget(null, email));
      const id = ctx.ids.next();
      const { text: code, hash } = ctx.minting.invitation(id);
      const expiresAt = call.at + limits.invitationLifeMs;
      const made = await ctx.database.execute(invitePerson, { ...call, id, email, role, hash, expiresAt });
      return { member: memberOf(made, call.at), code };
    },
    async accept(origin, { code, name }) {
      const own = name === null ? null : parsePersonName(name);
      try {
        const given = ctx.minting.readInvitation(code);
        if (given === null) throw invitationNotFound("malformed");
        const at = ctx.clock.now();
        await ctx.database.point(checkInvitation, { ...given, at });
        const tokenId = ctx.ids.next();
        const { text: token, hash } = ctx.minting.token("person", tokenId);
        const person = await ctx.database.execute(acceptInvitation, {
          ...given,
          at,
          origin,
          personId: ctx.ids.next(),
          name: own,
          token: { id: tokenId, hash },
        });
        return { person, token };
      } catch (error) {
        if (error instanceof CofferError && error.code === "invitation.not_found") {
          ctx.refusals.unauthenticated(error, origin.address);
        }
        throw error;
      }
    },
    async get(caller, org, id) {
      const { call, target } = await located(caller, org, "people.read", membershipAuditTarget(id, null));
      const reading = { query: getPerson, action: "people.read", target, where: "point" } as const;
      return memberOf(await read(ctx, reading, { ...call, id }), call.at);
    },
    async list(caller, org, page) {
      const { call, target } = await located(caller, org, "people.read");
      const reading = { query: listPeople, action: "people.read", target, where: "scan" } as const;
      const rows = await read(ctx, reading, { ...call, ...page });
      const { items, next } = pageOf(rows, page.limit, ({ email, id }) => ({ key: fold(email), id }));
      return { items: items.map((membership) => memberOf(membership, call.at)), next };
    },
    async changeRole(caller, org, id, text) {
      const role = parseRole(text);
      const { call } = await located(caller, org, "people.manage", membershipAuditTarget(id, null));
      return memberOf(await ctx.database.execute(changeRole, { ...call, id, role }), call.at);
    },
    async remove(caller, org, id) {
      const { call } = await located(caller, org, "people.manage", membershipAuditTarget(id, null));
      await ctx.database.execute(removePerson, { ...call, id });
    },
    async authors(caller, org, ids) {
      if (ids.length === 0) return [];
      const { target, call } = await located(caller, org, "people.read");
      const reading = { query: findAuthors, action: "people.read", target, where: "point" } as const;
      return read(ctx, reading, { ...call, ids });
    },
    me(caller) {
      const target = { kind: "person", id: caller.id, name: null, storeId: null };
      const reading = { query: getMe, action: "people.read", target, where: "point" } as const;
      return read(ctx, reading, { ...callOf(ctx, caller), organizationId: null });
    },
    memberships(caller, page) {
      const target = { ...membershipAuditTarget(null, null), id: caller.id };
      const reading = {
        query: listOwnMemberships,
        action: "organization.read",
        target,
        where: "scan",
      } as const;
      return read(ctx, reading, { ...callOf(ctx, caller), organizationId: null, ...page });
    },
    updateMe(caller, { name, email }) {
      const change = {
        ...(name === undefined ? {} : { name: parsePersonName(name) }),
        ...(email === undefined ? {} : { email: parseEmail(email) }),
      };
      return ctx.database.execute(updateMe, { ...callOf(ctx, caller), organizationId: null, change });
    },
  };
}
