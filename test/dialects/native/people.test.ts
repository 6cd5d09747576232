// The people of an organization, invitations, and one's own account: the wire, and who is refused what.
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { mintInvitation } from "../../../src/crypto/tokens.ts";
import { heldClock } from "../../support/coffers.ts";
import { type Answer, type Client, startCoffer, tokenSecretOf } from "../../support/server.ts";
import { readTrail } from "../../support/trail.ts";
import {
  anId,
  aToken,
  expectInvalid,
  expectRefused,
  organization,
  organizations,
  type TokenParts,
} from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const nobody = coffer.call(null);
const people = `${organization}/people`;
const acceptance = "/v1/invitations/accept";

const denied = "This credential may not do that.";
const notHeld = "This credential may not give what it does not hold itself.";
const noPerson = "There is no such person, machine or service here.";
const noInvitation =
  "No such invitation: it was accepted, replaced or withdrawn, it has ended, or the code is wrong.";

const anEmail = () => `p-${randomUUID()}@example.org`;

async function invited(role = "member", email = anEmail(), by = me, at = people): Promise<Answer["body"]> {
  const answer = await by.post(at, { email, role });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

/** Somebody new: his membership, and himself by the token that accepting gave him. */
async function joined(role = "member", at = people) {
  const { membershipId, email, invitation } = await invited(role, anEmail(), me, at);
  const answer = await nobody.post(acceptance, { invitation, name: "Ada" });
  expect(answer.status, answer.text).toBe(201);
  const { person, token } = answer.body;
  return { membershipId, email, person, token, at: `${at}/${membershipId}`, call: coffer.call(token) };
}

/** The audit entry of a request. */
async function entryOf(answer: Answer): Promise<Answer["body"]> {
  const { body } = await me.get(`${organization}/audit?limit=1000`);
  const id = answer.headers.get("x-request-id");
  const found = body.items.filter((entry: { requestId: string }) => entry.requestId === id);
  expect(found).toHaveLength(1);
  return found[0];
}

async function expectDenied(answer: Answer, because: string, message = denied): Promise<void> {
  expectRefused(answer, 403, "caller.denied", message);
  expect(await entryOf(answer)).toMatchObject({ action: "people.manage", outcome: "refused", because });
}

/** Missing and hidden: the same to the caller, and told apart in the audit trail. */
async function expectHidden(answer: Answer, because: string): Promise<void> {
  expectRefused(answer, 404, "principal.not_found", noPerson);
  const outcome = because === "principal.not_found" ? "failed" : "refused";
  expect(await entryOf(answer)).toMatchObject({ outcome, because });
}

describe("inviting", () => {
  test("201: the code is there once, and nowhere else", async () => {
    const email = anEmail();
    const answer = await me.post(people, { email, role: "auditor" });
    const pending = { membershipId: anId, id: null, email, name: null, role: "auditor", status: "invited" };
    const code = expect.stringMatching(/^coffer_invitation_[0-9a-f]{32}_[\w-]{43}$/);
    expect([answer.status, answer.body]).toEqual([201, { ...pending, invitation: code }]);
    const shown = await me.get(`${people}/${answer.body.membershipId}`);
    expect([shown.status, shown.body]).toEqual([200, pending]);
    expect(await entryOf(answer)).toMatchObject({
      action: "people.manage",
      target: { kind: "membership", id: answer.body.membershipId, name: email, storeId: null },
      outcome: "allowed",
      because: "role: owner",
      details: { invited: "auditor" },
    });
    const secret = tokenSecretOf(answer.body.invitation);
    expect(JSON.stringify(await readTrail(coffer, null))).not.toContain(secret);
  });

  test("the answer has one form, whether the address has an account or not", async () => {
    const known = await joined();
    const slug = `o-${randomUUID().slice(0, 8)}`;
    await me.post(organizations, { slug, name: "Acme" });
    const shape = (body: Record<string, unknown>) => ({
      ...body,
      membershipId: null,
      email: null,
      invitation: null,
    });
    const at = `${organizations}/${slug}/people`;
    expect(shape(await invited("member", known.email, me, at))).toEqual(shape(await invited()));
  });

  test("409 for who is in the organization already", async () => {
    const { email } = await joined();
    const answer = await me.post(people, { email: email.toUpperCase(), role: "member" });
    const message = "Somebody with that e-mail address is in the organization already.";
    expectRefused(answer, 409, "people.email_taken", message, { field: "email" });
    expect(await entryOf(answer)).toMatchObject({ outcome: "failed", because: "people.email_taken" });
  });

  test.each([
    "",
    "ada",
    "@example.org",
    "ada@",
    "a b@example.org",
    "a@b@c",
    "ada@exämple.org",
    "ſ@example.org",
  ])("400 for the address %j", async (email) => {
    expectInvalid(
      await me.post(people, { email, role: "member" }),
      "email",
      "must be an e-mail address in ASCII",
    );
  });

  test("400 for what is too long, has another role, or more members", async () => {
    const long = `${"x".repeat(254)}@example.org`;
    const tooLong = await me.post(people, { email: long, role: "member" });
    expectInvalid(tooLong, "email", "must have at most 254 characters", 254);
    for (const body of [{ email: anEmail(), role: "god" }, { email: anEmail() }, { role: "member" }]) {
      expect((await me.post(people, body)).body.error.code).toBe("request.invalid");
    }
    const more = await me.post(people, { email: anEmail(), role: "member", name: "x" });
    expect(more.body.error.code).toBe("request.invalid");
  });
});

describe("accepting", () => {
  test("201: a person, and a token for that organization", async () => {
    const { email, membershipId, invitation } = await invited("admin");
    const answer = await nobody.post(acceptance, { invitation, name: "Ada Lovelace" });
    expect([answer.status, answer.body]).toEqual([
      201,
      {
        person: { id: anId, name: "Ada Lovelace", email },
        token: expect.stringMatching(/^coffer_person_/),
      },
    ]);
    const { person, token } = answer.body;
    const whoami = await coffer.call(token).get("/v1/whoami");
    expect(whoami.body).toEqual({
      principal: { kind: "person", ...person },
      organization: { id: coffer.bootstrap.organization.id, slug: "default" },
      scopes: null,
      operator: false,
    });
    const membership = {
      membershipId,
      id: person.id,
      email,
      name: person.name,
      role: "admin",
      status: "active",
    };
    expect((await me.get(`${people}/${membershipId}`)).body).toEqual(membership);
    expect(await entryOf(answer)).toMatchObject({
      action: "invitation.accept",
      caller: { kind: "person", id: person.id, name: "Ada Lovelace" },
      target: { kind: "membership", id: membershipId, name: email },
      outcome: "allowed",
      because: "invitation",
      details: { role: "admin" },
      address: "127.0.0.1",
    });
    const trail = JSON.stringify(await readTrail(coffer, null));
    for (const text of [token, invitation]) expect(trail).not.toContain(tokenSecretOf(text));
  });

  test("404, the same for every reason", async () => {
    const used = await invited();
    expect((await nobody.post(acceptance, { invitation: used.invitation })).status).toBe(201);
    const withdrawn = await invited();
    expect((await me.delete(`${people}/${withdrawn.membershipId}`)).status).toBe(204);
    const replaced = await invited();
    await invited("member", replaced.email);
    const { invitation } = await invited();
    const other = invitation.slice(0, -43) + used.invitation.slice(-43);
    for (const code of [used, withdrawn, replaced]
      .map((it) => it.invitation)
      .concat(other, "", "x", coffer.token)) {
      expectRefused(
        await nobody.post(acceptance, { invitation: code }),
        404,
        "invitation.not_found",
        noInvitation,
      );
    }
  });

  test("failures are counted in the audit trail, by reason", async () => {
    const clock = heldClock();
    const held = await startCoffer({ clock });
    onTestFinished(() => held.stop());
    const unknown = mintInvitation(held.node.context.ids.next()).text;
    const invite = await held.call(held.token).post(people, { email: anEmail(), role: "member" });
    const wrong = mintInvitation(invite.body.membershipId).text;
    for (const code of [unknown, wrong, wrong, "x", "x", "x"]) {
      expect((await held.call(null).post(acceptance, { invitation: code })).status).toBe(404);
    }
    clock.pass(60_000);
    await held.node.writeRefusals();
    const counts = (await readTrail(held, null)).filter(({ action }) => action === "authentication.refused");
    const told = counts.map(({ because, details }) => [because, JSON.parse(details ?? "").count]);
    expect(new Map(told as [string, number][])).toEqual(
      new Map([
        ["unknown", 1],
        ["wrong", 2],
        ["malformed", 3],
      ]),
    );
  });

  test("a credential does not help, and does not hinder", async () => {
    const { invitation, email } = await invited();
    const answer = await me.post(acceptance, { invitation });
    expect([answer.status, answer.body.person.email]).toEqual([201, email]);
  });

  test("400 for a name that is none; the invitation stays", async () => {
    const { invitation } = await invited();
    expectInvalid(await nobody.post(acceptance, { invitation, name: "" }), "name", "must not be empty");
    const long = await nobody.post(acceptance, { invitation, name: "x".repeat(256) });
    expectInvalid(long, "name", "must have at most 255 characters", 255);
    expect((await nobody.post(acceptance, { invitation, name: null })).status).toBe(201);
  });

  test("an invitation's code is no credential", async () => {
    const { invitation } = await invited("owner");
    const answer = await coffer.call(invitation).get("/v1/whoami");
    expectRefused(answer, 401, "caller.unauthenticated", "No valid credential was given.");
  });
});

describe("listing", () => {
  test("200: pages by address, which a forged cursor does not break", async () => {
    await joined();
    await invited();
    const all = (await me.get(people)).body.items;
    const folded = all.map(({ email }: { email: string }) => email.toLowerCase());
    expect(folded).toEqual([...folded].sort());
    const first = await me.get(`${people}?limit=2`);
    const rest = await me.get(`${people}?limit=1000&cursor=${first.body.nextCursor}`);
    expect([...first.body.items, ...rest.body.items]).toEqual(all);
    expect(rest.body.nextCursor).toBeNull();
    const [digest] = JSON.parse(Buffer.from(first.body.nextCursor, "base64url").toString());
    for (const [key, id] of [
      ["a\u0000", randomUUID()],
      [1, randomUUID()],
      ["a@b", "x"],
    ]) {
      const cursor = Buffer.from(JSON.stringify([digest, key, id])).toString("base64url");
      expect((await me.get(`${people}?cursor=${cursor}`)).body.error.code).toBe("cursor.invalid");
    }
  });

  test("auditors see everybody, members themselves", async () => {
    const auditor = await joined("auditor");
    const member = await joined("member");
    expect((await auditor.call.get(people)).body.items.length).toBeGreaterThan(2);
    expect((await auditor.call.get(member.at)).body.membershipId).toBe(member.membershipId);
    const own = (await member.call.get(member.at)).body;
    expect((await member.call.get(people)).body).toEqual({ items: [own], nextCursor: null });
    await expectHidden(await member.call.get(auditor.at), "role: member has no people.read");
    await expectHidden(await member.call.get(`${people}/${randomUUID()}`), "principal.not_found");
  });

  test("a credential that is narrowed past it is refused, and so is one of another organization", async () => {
    const narrow = coffer.call(aToken(coffer, { scopes: ["secret.*", "organization.read"] }));
    expectRefused(await narrow.get(people), 403, "caller.denied", denied);
    const stranger = coffer.call(aToken(coffer, { role: null }));
    const message = "No such organization, or none that this credential reaches.";
    expectRefused(await stranger.get(people), 404, "organization.not_found", message);
  });

  test("400 for what is no id", async () => {
    expectInvalid(await me.get(`${people}/ada`), "membership", "must be an id");
  });
});

describe("roles", () => {
  test("200: another role, for members and invitations", async () => {
    const { at, membershipId, email, person } = await joined();
    const answer = await me.patch(at, { role: "auditor" });
    const after = { membershipId, id: person.id, email, name: "Ada", role: "auditor", status: "active" };
    expect([answer.status, answer.body]).toEqual([200, after]);
    expect(await entryOf(answer)).toMatchObject({
      target: { kind: "membership", id: membershipId, name: email },
      outcome: "allowed",
      details: { role: "auditor", before: "member" },
    });
    const pending = await invited();
    expect((await me.patch(`${people}/${pending.membershipId}`, { role: "owner" })).body).toMatchObject({
      role: "owner",
      status: "invited",
    });
  });

  test("409 for the last owner, who cannot go either", async () => {
    const slug = `o-${randomUUID().slice(0, 8)}`;
    await me.post(organizations, { slug, name: "Acme" });
    const at = `${organizations}/${slug}/people`;
    const [own] = (await me.get(at)).body.items;
    const message = "The organization would be left without an owner.";
    for (const answer of [
      await me.patch(`${at}/${own.membershipId}`, { role: "admin" }),
      await me.delete(`${at}/${own.membershipId}`),
    ]) {
      expectRefused(answer, 409, "people.last_owner", message);
    }
    expect((await me.get(at)).body.items).toEqual([own]);
  });
});

describe("removing", () => {
  test("204: his token is dead at once, also where it was just used", async () => {
    const { at, call, membershipId, email } = await joined("admin");
    expect((await call.get(people)).status).toBe(200);
    const answer = await me.delete(at);
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect(await entryOf(answer)).toMatchObject({
      target: { kind: "membership", id: membershipId, name: email },
      details: { removed: "membership", role: "admin" },
    });
    for (const path of [people, "/v1/whoami", "/v1/me"]) {
      expectRefused(await call.get(path), 401, "caller.unauthenticated", "No valid credential was given.");
    }
    await expectHidden(await me.delete(at), "principal.not_found");
  });

  test("204: a member leaves, and says so himself in the audit trail", async () => {
    const { at, call, person } = await joined();
    const answer = await call.delete(at);
    expect(answer.status).toBe(204);
    expect(await entryOf(answer)).toMatchObject({ caller: { id: person.id }, because: "his own" });
  });
});

describe("nobody gives or takes more than he holds", () => {
  const holder = (parts: TokenParts): Client => coffer.call(aToken(coffer, parts));

  test.each([
    ["member", "role: member has no people.manage"],
    ["auditor", "role: auditor has no people.manage"],
  ] as const)("a %s invites nobody", async (role, because) => {
    await expectDenied(await holder({ role }).post(people, { email: anEmail(), role: "member" }), because);
  });

  test("a member does not raise himself, and does not learn who else is there", async () => {
    const own = await joined("member");
    const other = await joined("member");
    await expectDenied(await own.call.patch(own.at, { role: "owner" }), "role: member has no people.manage");
    const because = "role: member has no people.manage";
    for (const at of [other.at, `${people}/${(await invited()).membershipId}`]) {
      await expectHidden(await own.call.patch(at, { role: "member" }), because);
      await expectHidden(await own.call.delete(at), because);
    }
    for (const missing of [`${people}/${randomUUID()}`]) {
      await expectHidden(await own.call.patch(missing, { role: "member" }), "principal.not_found");
      await expectHidden(await own.call.delete(missing), "principal.not_found");
    }
  });

  test("an auditor knows who is there, and changes nothing", async () => {
    const auditor = await joined("auditor");
    const { at } = await joined("member");
    const because = "role: auditor has no people.manage";
    await expectDenied(await auditor.call.patch(at, { role: "auditor" }), because);
    await expectDenied(await auditor.call.delete(at), because);
    await expectDenied(await auditor.call.patch(auditor.at, { role: "admin" }), because);
  });

  test("an admin makes admins, and touches no owner, nor who would be one", async () => {
    const admin = await joined("admin");
    expect((await admin.call.post(people, { email: anEmail(), role: "admin" })).status).toBe(201);
    const because = "role: only owners touch owners";
    const owner = await joined("owner");
    const member = await joined("member");
    const pending = await invited("owner");
    const toPending = `${people}/${pending.membershipId}`;
    for (const answer of [
      await admin.call.post(people, { email: anEmail(), role: "owner" }),
      await admin.call.patch(member.at, { role: "owner" }),
      await admin.call.patch(admin.at, { role: "owner" }),
      await admin.call.patch(owner.at, { role: "member" }),
      await admin.call.delete(owner.at),
      await admin.call.patch(toPending, { role: "member" }),
      await admin.call.delete(toPending),
      await admin.call.post(people, { email: pending.email.toUpperCase(), role: "member" }),
    ]) {
      await expectDenied(answer, because);
    }
    expect((await me.get(owner.at)).body.role).toBe("owner");
    expect((await nobody.post(acceptance, { invitation: pending.invitation })).status).toBe(201);
  });

  test.each([
    ["owner", { scopes: ["people.*"] }],
    ["admin", { scopes: ["people.*"] }],
    ["auditor", { scopes: ["people.*"] }],
    ["member", { scopes: ["people.*"] }],
    ["owner", { scopes: ["people.*", "organization.*", "store.*", "secret.*"] }],
    ["admin", { scopes: ["people.*", "organization.*", "store.*", "secret.*"] }],
  ] as const)("an owner's narrowed token makes no %s", async (role, parts) => {
    const narrow = holder(parts);
    const { at } = await joined(role === "member" ? "auditor" : "member");
    const because = `to confer the role ${role}`;
    await expectDenied(await narrow.post(people, { email: anEmail(), role }), because, notHeld);
    await expectDenied(await narrow.patch(at, { role }), because, notHeld);
  });

  test("a narrowed token makes what its scopes hold, and takes away by its action alone", async () => {
    const narrow = holder({ scopes: ["people.manage", "store.create", "machine.create"] });
    expect((await narrow.post(people, { email: anEmail(), role: "member" })).status).toBe(201);
    const { at } = await joined("admin");
    expect((await narrow.delete(at)).status).toBe(204);
  });

  test("a token for some stores, or without the action, manages nobody and does not leave", async () => {
    const { at, person } = await joined("owner");
    const bound = holder({ stores: [coffer.bootstrap.store.id] });
    await expectDenied(
      await bound.post(people, { email: anEmail(), role: "member" }),
      "token: bound to other stores",
    );
    await expectHidden(await bound.delete(at), "token: bound to other stores");
    const reading = holder({ scopes: ["people.read"] });
    await expectDenied(await reading.delete(at), "token: no scope covers people.manage");
    const [own] = (await me.get(people)).body.items.filter(
      (it: { id: string }) => it.id === coffer.bootstrap.person.id,
    );
    await expectDenied(
      await reading.delete(`${people}/${own.membershipId}`),
      "token: no scope covers people.manage",
    );
    expect((await me.get(at)).body.id).toBe(person.id);
  });

  test("ids of another organization are not there", async () => {
    const slug = `o-${randomUUID().slice(0, 8)}`;
    await me.post(organizations, { slug, name: "Acme" });
    const theirs = `${organizations}/${slug}/people`;
    const { membershipId, call } = await joined("owner", theirs);
    const pending = await invited("member", anEmail(), me, theirs);
    for (const id of [membershipId, pending.membershipId]) {
      await expectHidden(await me.get(`${people}/${id}`), "principal.not_found");
      await expectHidden(await me.patch(`${people}/${id}`, { role: "member" }), "principal.not_found");
      await expectHidden(await me.delete(`${people}/${id}`), "principal.not_found");
    }
    const message = "No such organization, or none that this credential reaches.";
    for (const answer of [
      await call.get(people),
      await call.post(people, { email: anEmail(), role: "member" }),
      await call.patch(`${people}/${membershipId}`, { role: "owner" }),
      await call.delete(`${people}/${membershipId}`),
    ]) {
      expectRefused(answer, 404, "organization.not_found", message);
    }
  });
});

describe("one's own account", () => {
  const own = { id: coffer.bootstrap.person.id, name: "Owner", email: "owner@localhost" };
  const whole = "Only a person may do that, by a token over all his organizations.";
  const narrowed = "A token that is narrowed does not change the account.";
  const operators = "Only operators of this installation change e-mail addresses.";

  const refusedFor = async (answer: Answer, message: string, because: string) => {
    expectRefused(answer, 403, "caller.denied", message);
    const refusals = (await readTrail(coffer, null)).filter((entry) => entry.outcome === "refused");
    expect(refusals.at(-1)).toMatchObject({
      organization_id: null,
      action: "people.manage",
      target_kind: "person",
      because,
    });
  };

  test("200 for a person by any token", async () => {
    const { call, person } = await joined();
    expect((await call.get("/v1/me")).body).toEqual(person);
    const narrow = coffer.call(aToken(coffer, { scopes: ["secret.read"], bound: true }));
    expect((await narrow.get("/v1/me")).body).toEqual(own);
  });

  test("200: name and address change, and nothing changes by an empty body", async () => {
    const email = anEmail();
    const answer = await me.patch("/v1/me", { name: "Grace", email });
    expect([answer.status, answer.body]).toEqual([200, { ...own, name: "Grace", email }]);
    expect((await me.get("/v1/whoami")).body.principal).toMatchObject({ name: "Grace", email });
    expect((await me.patch("/v1/me", {})).body).toEqual(answer.body);
    expect((await me.patch("/v1/me", own)).body.error.code).toBe("request.invalid");
    expect((await me.patch("/v1/me", { name: own.name, email: own.email })).body).toEqual(own);
    const changes = (await readTrail(coffer, null)).filter(
      (entry) => entry.target_kind === "person" && entry.outcome === "allowed",
    );
    expect(changes.map(({ because, details }) => [because, JSON.parse(details ?? "")])).toEqual([
      ["his own", { changed: ["name", "email"] }],
      ["his own", { changed: [] }],
      ["his own", { changed: ["name", "email"] }],
    ]);
  });

  test("409 for an address that another account has", async () => {
    const { email } = await joined();
    const answer = await me.patch("/v1/me", { email: email.toUpperCase() });
    const message = "Another account has that e-mail address.";
    expectRefused(answer, 409, "people.email_taken", message, { field: "email" });
  });

  test("403 by a token that reaches less than the account does", async () => {
    const { call } = await joined("owner");
    await refusedFor(await call.patch("/v1/me", { name: "Me" }), whole, "token: bound to one organization");
    const without = coffer.call(aToken(coffer, { scopes: ["secret.*"] }));
    await refusedFor(
      await without.patch("/v1/me", { name: "Me" }),
      whole,
      "token: no scope covers people.manage",
    );
    for (const parts of [{ scopes: ["people.*"] }]) {
      const narrow = coffer.call(aToken(coffer, parts));
      await refusedFor(await narrow.patch("/v1/me", { name: "Me" }), narrowed, "token: narrowed");
    }
  });

  test("403 for the address of who is no operator, taken or free; his name he may change", async () => {
    const someone = coffer.call(aToken(coffer, { role: "admin" }));
    const { email } = await joined();
    for (const asked of [email, anEmail()]) {
      await refusedFor(await someone.patch("/v1/me", { email: asked }), operators, "not an operator");
    }
    expect((await someone.patch("/v1/me", { name: "Someone else" })).body.name).toBe("Someone else");
  });
});
