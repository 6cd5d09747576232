// People and their memberships, through the operations, on both engines: invited, accepted, promoted,
// removed, and what happens when two do it at once.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Caller } from "../../src/core/caller.ts";
import { limits } from "../../src/core/limits.ts";
import type { Accepted } from "../../src/core/people/operations.ts";
import { coffers, heldClock, home, lastingOwner, refusal } from "../support/coffers.ts";
import { type TestCoffer, tokenIdOf } from "../support/server.ts";

const origin = { dialect: "test", address: "192.0.2.7", requestId: null };

for (const engine of coffers) {
  describe(`people on ${engine.name}`, () => {
    const clock = heldClock();
    let coffer: TestCoffer;
    let owner: Caller;
    beforeAll(async () => {
      coffer = await engine.start({ clock });
      owner = await lastingOwner(coffer);
    });
    afterAll(() => coffer.stop());

    const operations = () => coffer.node.operations;
    const people = () => coffer.node.operations.people;
    const anEmail = () => `p-${randomUUID()}@example.org`;
    const invited = (email: string, role = "member", by = owner, org = home) =>
      people().invite(by, org, { email, role });
    const accept = (code: string, name: string | null = null) => people().accept(origin, { code, name });
    const callerOf = ({ person, token }: Accepted): Caller => ({
      ...owner,
      id: person.id,
      name: person.name,
      tokenId: tokenIdOf(token),
    });

    /** Somebody new in the default organization. */
    const joined = async (role: string, email = anEmail()) => {
      const { member, code } = await invited(email, role);
      const accepted = await accept(code, "Ada");
      return { email, membershipId: member.id, person: accepted.person, caller: callerOf(accepted) };
    };

    const anOrganization = async (by: Caller = owner) => {
      const slug = `o-${randomUUID().slice(0, 8)}`;
      const { id } = await operations().organizations.create(by, { slug, name: "Acme" });
      return { id };
    };

    const listed = async (by: Caller, org = home) =>
      (await people().list(by, org, { after: null, limit: 1_000 })).items;

    test("an invitation becomes a membership of the same id, and a token for that organization", async () => {
      const email = anEmail();
      const { member, code } = await invited(email, "auditor");
      expect(member).toEqual({
        id: member.id,
        person: null,
        email,
        role: "auditor",
        status: "invited",
        expiresAt: clock.now() + limits.invitationLifeMs,
      });
      expect(await people().get(owner, home, member.id)).toEqual(member);
      const accepted = await accept(code, "Ada");
      expect(accepted.person).toMatchObject({ email, name: "Ada", operator: false });
      const { id, name } = accepted.person;
      const active = { id: member.id, person: { id, name }, email, role: "auditor", expiresAt: null };
      expect(await people().get(owner, home, member.id)).toEqual({ ...active, status: "active" });
      const caller = callerOf(accepted);
      expect(await operations().organizations.whoami(caller)).toMatchObject({
        principal: { kind: "person", id, name, email },
        organization: { slug: "default" },
        scopes: null,
        operator: false,
      });
      clock.pass(limits.tokenLifeMs);
      expect(await refusal(people().me(caller))).toMatchObject({ code: "caller.unauthenticated" });
    });

    test("without a name it is what stands before the @", async () => {
      const email = anEmail();
      const { code } = await invited(email);
      expect((await accept(code)).person.name).toBe(email.split("@")[0]);
    });

    test("the account that has the address is joined, letter case apart, and stays as it is", async () => {
      const first = await joined("member");
      const org = await anOrganization();
      const { code, member } = await invited(first.email.toUpperCase(), "admin", owner, org);
      // The same answer as for an address that nobody has.
      expect(Object.keys(member)).toEqual(Object.keys((await invited(anEmail())).member));
      const { person, token } = await accept(code, "Mallory");
      expect(person).toEqual(first.person);
      expect(await people().get(owner, org, member.id)).toMatchObject({ email: first.email, role: "admin" });
      const there = { ...first.caller, tokenId: tokenIdOf(token) };
      expect(await operations().organizations.get(there, org)).toMatchObject({ id: org.id });
      expect(await refusal(operations().organizations.get(there, home))).toMatchObject({
        code: "organization.not_found",
      });
    });

    test("a code works once, also for two at the same moment", async () => {
      const { code } = await invited(anEmail());
      const results = await Promise.allSettled(Array.from({ length: 6 }, () => accept(code)));
      const made = results.filter(({ status }) => status === "fulfilled");
      expect(made).toHaveLength(1);
      for (const result of results) {
        if (result.status === "rejected")
          expect(result.reason).toMatchObject({ code: "invitation.not_found" });
      }
      expect(await refusal(accept(code))).toMatchObject({ code: "invitation.not_found" });
    });

    test("two invitations of one new address make one account", async () => {
      const email = anEmail();
      const orgs = await Promise.all([anOrganization(), anOrganization(), anOrganization()]);
      const codes = [];
      for (const org of orgs) codes.push((await invited(email, "member", owner, org)).code);
      const accepted = await Promise.all(codes.map((code) => accept(code, "Ada")));
      expect(new Set(accepted.map(({ person }) => person.id)).size).toBe(1);
    });

    describe("a code is worth nothing", () => {
      const worthless = async (code: string, why: string) => {
        const error = await refusal(accept(code));
        expect([error.code, error.message, error.details, error.because]).toEqual([
          "invitation.not_found",
          "No such invitation: it was accepted, replaced or withdrawn, it has ended, or the code is wrong.",
          {},
          why,
        ]);
      };

      test("that was replaced", async () => {
        const email = anEmail();
        const first = await invited(email);
        const second = await invited(email.toUpperCase(), "auditor");
        await worthless(first.code, "unknown");
        const all = (await listed(owner)).filter((it) => it.email.toLowerCase() === email);
        expect(all).toEqual([second.member]);
        expect((await accept(second.code)).person.email).toBe(email.toUpperCase());
      });

      test("that was withdrawn", async () => {
        const { member, code } = await invited(anEmail());
        await people().remove(owner, home, member.id);
        await worthless(code, "unknown");
        expect(await refusal(people().get(owner, home, member.id))).toMatchObject({
          code: "principal.not_found",
        });
      });

      test("whose time has passed; the list says so", async () => {
        const { member, code } = await invited(anEmail());
        clock.pass(limits.invitationLifeMs - 1);
        expect((await people().get(owner, home, member.id)).status).toBe("invited");
        clock.pass(1);
        expect((await people().get(owner, home, member.id)).status).toBe("expired");
        await worthless(code, "ended");
      });

      test("with another secret, or no code at all", async () => {
        const { member } = await invited(anEmail());
        const other = coffer.node.context.minting.invitation(member.id).text;
        await worthless(other, "wrong");
        await worthless("coffer_invitation_", "malformed");
        await worthless(coffer.token, "malformed");
      });

      test("whose maker may not give that role any more", async () => {
        const admin = await joined("admin");
        const early = await invited(anEmail(), "admin", admin.caller);
        const late = await invited(anEmail(), "member", admin.caller);
        await people().changeRole(owner, home, admin.membershipId, "member");
        await worthless(early.code, "ended");
        // Who changes the role of an invitation vouches for it from then on.
        await people().changeRole(owner, home, late.member.id, "auditor");
        const { person } = await accept(late.code);
        expect(await people().get(owner, home, late.member.id)).toMatchObject({
          role: "auditor",
          person: { id: person.id },
        });
        const second = await joined("owner");
        const kept = await invited(anEmail(), "owner", second.caller);
        await people().remove(owner, home, second.membershipId);
        await worthless(kept.code, "ended");
      });
    });

    test("an account that is in the organization by now takes no second place", async () => {
      const before = await people().me(owner);
      const { member, code } = await invited(anEmail());
      await people().updateMe(owner, { email: member.email });
      expect(await refusal(accept(code))).toMatchObject({ code: "invitation.not_found", because: "ended" });
      await people().updateMe(owner, { email: before.email });
    });

    test("who leaves and comes back does so at once, by a token over all organizations too", async () => {
      const org = await anOrganization();
      const { code: first } = await invited(anEmail(), "owner", owner, org);
      const second = callerOf(await accept(first));
      const [own] = (await listed(second, org)).filter(({ person }) => person?.id === owner.id);
      await people().remove(owner, org, own?.id ?? "");
      expect(await refusal(people().list(owner, org, { after: null, limit: 1 }))).toMatchObject({
        code: "organization.not_found",
      });
      const { email } = await people().me(owner);
      const { code } = await invited(email, "member", second, org);
      await accept(code);
      expect(await listed(owner, org)).toMatchObject([{ email, role: "member" }]);
    });

    test("somebody who is there is not invited again", async () => {
      const { email } = await joined("member");
      expect(await refusal(invited(email.toUpperCase()))).toMatchObject({ code: "people.email_taken" });
    });

    test("another role binds at once", async () => {
      const { caller, membershipId } = await joined("auditor");
      expect((await listed(caller)).length).toBeGreaterThan(1);
      const changed = await people().changeRole(owner, home, membershipId, "member");
      expect(changed).toMatchObject({ id: membershipId, role: "member", status: "active" });
      // Who may not read about people sees himself.
      expect(await listed(caller)).toEqual([changed]);
    });

    test("who is removed has no token or grant left, and his account stays", async () => {
      const { caller, membershipId, email, person } = await joined("member");
      // Who makes a store has a grant on it.
      const { id } = await operations().stores.create(caller, home, { name: "Granted" });
      expect((await operations().stores.get(caller, home, { id })).name).toBe("Granted");
      await people().remove(owner, home, membershipId);
      expect(await refusal(people().me(caller))).toMatchObject({ code: "caller.unauthenticated" });
      // Who comes back comes back with nothing, not even the old token.
      const { code } = await invited(email);
      const again = await accept(code, "Other");
      expect(again.person).toEqual(person);
      expect(await refusal(people().me(caller))).toMatchObject({ code: "caller.unauthenticated" });
      expect(await refusal(operations().stores.get(callerOf(again), home, { id }))).toMatchObject({
        code: "store.not_found",
      });
    });

    test("everybody may leave, whatever his role", async () => {
      for (const role of ["member", "auditor", "admin", "owner"]) {
        const { caller, membershipId } = await joined(role);
        await people().remove(caller, home, membershipId);
        expect(await refusal(people().me(caller))).toMatchObject({ code: "caller.unauthenticated" });
      }
    });

    test("the last owner stays owner, also when two owners demote each other at once", async () => {
      for (let round = 0; round < 5; round += 1) {
        const org = await anOrganization();
        const [own] = await listed(owner, org);
        const only = own?.id ?? "";
        const last = { code: "people.last_owner" };
        expect(await refusal(people().remove(owner, org, only))).toMatchObject(last);
        expect(await refusal(people().changeRole(owner, org, only, "admin"))).toMatchObject(last);
        expect(await people().changeRole(owner, org, only, "owner")).toMatchObject({ role: "owner" });
        const { member, code } = await invited(anEmail(), "owner", owner, org);
        // An invitation is no owner yet.
        expect(await refusal(people().remove(owner, org, only))).toMatchObject(last);
        const second = callerOf(await accept(code));
        const done = await Promise.allSettled([
          people().changeRole(second, org, only, "member"),
          people().remove(owner, org, member.id),
        ]);
        expect(done.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
      }
    });

    test("of two who take each other's role away at once, one is too late", async () => {
      for (let round = 0; round < 5; round += 1) {
        const [one, other] = [await joined("owner"), await joined("owner")];
        const done = await Promise.allSettled([
          people().changeRole(one.caller, home, other.membershipId, "member"),
          people().changeRole(other.caller, home, one.membershipId, "member"),
        ]);
        expect(done.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
      }
    });

    test("an invitation that is changed while it is accepted is changed, or it was too late for it", async () => {
      for (let round = 0; round < 16; round += 1) {
        const [one, other] = [await invited(anEmail(), "admin"), await invited(anEmail(), "admin")];
        const soon = new Promise((resolve) => setTimeout(resolve, round / 2));
        const [, removed, , changed] = await Promise.allSettled([
          accept(one.code),
          soon.then(() => people().remove(owner, home, one.member.id)),
          accept(other.code),
          soon.then(() => people().changeRole(owner, home, other.member.id, "member")),
        ]);
        expect([removed.status, changed.status]).toEqual(["fulfilled", "fulfilled"]);
        expect(await refusal(people().get(owner, home, one.member.id))).toMatchObject({
          code: "principal.not_found",
        });
        expect(await people().get(owner, home, other.member.id)).toMatchObject({ role: "member" });
      }
    });

    test("pages follow the address, invitations among members", async () => {
      const org = await anOrganization();
      const mark = randomUUID();
      for (const letter of ["C", "a", "B", "d"]) {
        const { code } = await invited(`${letter}-${mark}@example.org`, "member", owner, org);
        if (letter === "a" || letter === "B") await accept(code);
      }
      const seen: string[] = [];
      let after: { email: string; id: string } | null = null;
      for (;;) {
        const page: Awaited<ReturnType<ReturnType<typeof people>["list"]>> = await people().list(owner, org, {
          after,
          limit: 2,
        });
        seen.push(...page.items.map(({ email, status }) => `${email[0]} ${status}`));
        if (page.next === null) break;
        after = { email: String(page.next.key), id: page.next.id };
      }
      expect(seen).toEqual(["a active", "B active", "C invited", "d invited", "o active"]);
    });

    test("an account: its name by its person, its address by operators alone", async () => {
      const mark = randomUUID();
      const before = await people().me(owner);
      expect(await people().updateMe(owner, { name: "Grace", email: `${mark}@example.org` })).toEqual({
        ...before,
        name: "Grace",
        email: `${mark}@example.org`,
      });
      expect(await people().me(owner)).toMatchObject({ name: "Grace", email: `${mark}@example.org` });
      const { email } = await joined("member");
      const taken = refusal(people().updateMe(owner, { email: email.toUpperCase() }));
      expect(await taken).toMatchObject({ code: "people.email_taken" });
      expect(await people().updateMe(owner, { name: before.name, email: before.email })).toEqual(before);
    });
  });
}
