// Roles, invitations and memberships: nobody raises himself, touches owners without being one, or comes
// back after his membership ended.
import { afterAll, expect, test } from "vitest";
import { type Role, roles } from "../../../src/core/authorize.ts";
import type { ErrorCode } from "../../../src/core/errors.ts";
import {
  type Actor,
  anEmail,
  expectNoValue,
  expectValue,
  field,
  hours,
  organization,
  organizations,
  people,
} from "./field.ts";

const it = await field();
const { attempt, me, owner } = it;
const first = it.coffer.bootstrap.store.id;
const acceptance = "/v1/invitations/accept";
afterAll(() => it.coffer.stop());

interface Place {
  readonly membershipId: string;
  readonly id: string | null;
  readonly role: Role;
}

async function placeOf({ id }: Pick<Actor, "id">, list = people): Promise<Place> {
  const { body } = await me.get(`${list}?limit=1000`);
  const found = body.items.find((place: Place) => place.id === id);
  expect(found).toBeDefined();
  return found;
}

async function raising(by: Actor, whom: Actor, role: Role, refused: ErrorCode = "caller.denied") {
  const { membershipId, role: before } = await placeOf(whom);
  const answer = await by.client.patch(`${people}/${membershipId}`, { role });
  return { by, answer, refused, unchanged: async () => expect((await placeOf(whom)).role).toBe(before) };
}

async function inviting(by: Actor, role: Role) {
  const email = anEmail();
  const answer = await by.client.post(people, { email, role });
  const unchanged = async () => {
    const { body } = await me.get(`${people}?limit=1000`);
    expect(body.items.filter((place: { email: string }) => place.email === email)).toEqual([]);
  };
  return { by, answer, refused: "caller.denied" as const, unchanged };
}

attempt("raise one's own role as a member", async () => {
  const by = it.person();
  return raising(by, by, "admin");
});

attempt("raise one's own role as an auditor", async () => {
  const by = it.person("auditor");
  return raising(by, by, "owner");
});

attempt("raise one's own role as an admin", async () => {
  const by = it.person("admin");
  return raising(by, by, "owner");
});

attempt("make a friend an owner as an admin", async () => raising(it.person("admin"), it.person(), "owner"));

attempt("make a friend an admin by a scoped token of an admin", async () =>
  raising(await it.narrowed(it.person("admin"), { scopes: ["people.*"] }), it.person(), "admin"),
);

attempt("make a friend an auditor by a token that only manages people", async () =>
  raising(await it.narrowed(owner, { scopes: ["people.*"] }), it.person(), "auditor"),
);

attempt("make a friend an owner by a scoped token of an owner", async () =>
  raising(await it.narrowed(owner, { scopes: ["people.*"] }), it.person(), "owner"),
);

const here = { addresses: ["127.0.0.0/8"] };

attempt("make a friend an owner by a token for one network", async () =>
  raising(await it.narrowed(owner, here), it.person(), "owner"),
);

attempt("make a friend an admin by a token for one network", async () =>
  raising(await it.narrowed(it.person("admin"), here), it.person(), "admin"),
);

attempt(
  "make an auditor a member by a token that ends and only manages people and makes things",
  async () => {
    const scopes = ["people.*", "store.create", "machine.create"];
    return raising(await it.narrowed(owner, { scopes, expiresAt: hours(1) }), it.person("auditor"), "member");
  },
);

attempt("demote an owner as an admin", async () => raising(it.person("admin"), owner, "member"));

attempt("demote somebody as a member", async () =>
  raising(it.person(), it.person("admin"), "member", "principal.not_found"),
);

attempt("demote the last owner", async () => {
  const { path } = await it.tenant();
  const { membershipId } = await placeOf(owner, `${path}/people`);
  const answer = await me.patch(`${path}/people/${membershipId}`, { role: "admin" });
  const unchanged = async () => expect((await placeOf(owner, `${path}/people`)).role).toBe("owner");
  return { by: owner, answer, refused: "people.last_owner", unchanged };
});

attempt("leave as the last owner", async () => {
  const { path } = await it.tenant();
  const { membershipId } = await placeOf(owner, `${path}/people`);
  const answer = await me.delete(`${path}/people/${membershipId}`);
  const unchanged = async () => expect((await placeOf(owner, `${path}/people`)).role).toBe("owner");
  return { by: owner, answer, refused: "people.last_owner", unchanged };
});

attempt("remove an owner as an admin", async () => {
  const victim = it.person("owner");
  const by = it.person("admin");
  const { membershipId } = await placeOf(victim);
  const answer = await by.client.delete(`${people}/${membershipId}`);
  const unchanged = async () => expect((await placeOf(victim)).role).toBe("owner");
  return { by, answer, refused: "caller.denied", unchanged };
});

attempt("change a membership of another tenant by its id", async () => {
  const { path } = await it.tenant();
  const { membershipId } = await placeOf(owner, `${path}/people`);
  const by = it.person("owner");
  const answer = await by.client.delete(`${people}/${membershipId}`);
  return { by, answer, refused: "principal.not_found" };
});

attempt("invite an owner as an admin", async () => inviting(it.person("admin"), "owner"));

attempt("invite an owner by a scoped token of an owner", async () =>
  inviting(await it.narrowed(owner, { scopes: ["people.*", "organization.*"] }), "owner"),
);

attempt("invite an admin by a scoped token", async () =>
  inviting(await it.narrowed(owner, { scopes: ["people.*", "secret.*", "store.*"] }), "admin"),
);

for (const role of roles) {
  attempt(`invite as ${role} by an owner's token for one network`, async () =>
    inviting(await it.narrowed(owner, here), role),
  );
}

attempt("vouch anew for an invitation by a token for one network", async () => {
  const { membershipId } = await it.made(people, { email: anEmail(), role: "admin" });
  const by = await it.narrowed(owner, here);
  const answer = await by.client.patch(`${people}/${membershipId}`, { role: "member" });
  const unchanged = async () => expect((await me.get(`${people}/${membershipId}`)).body.role).toBe("admin");
  return { by, answer, refused: "caller.denied", unchanged };
});

attempt("invite as a member", async () => inviting(it.person(), "member"));

attempt("invite as a machine that manages everything", async () =>
  inviting(it.machine(["organization", it.coffer.bootstrap.organization.id, "manage"]), "member"),
);

attempt("raise an invitation to owner as an admin", async () => {
  const { membershipId } = await it.made(people, { email: anEmail(), role: "member" });
  const by = it.person("admin");
  const answer = await by.client.patch(`${people}/${membershipId}`, { role: "owner" });
  const unchanged = async () => expect((await me.get(`${people}/${membershipId}`)).body.role).toBe("member");
  return { by, answer, refused: "caller.denied", unchanged };
});

attempt("replace the invitation of an owner as an admin", async () => {
  const email = anEmail();
  const { membershipId } = await it.made(people, { email, role: "owner" });
  const by = it.person("admin");
  const answer = await by.client.post(people, { email, role: "admin" });
  const unchanged = async () => expect((await me.get(`${people}/${membershipId}`)).body.role).toBe("owner");
  return { by, answer, refused: "caller.denied", unchanged };
});

attempt("change one's account by a token of one organization", async () => {
  const by = it.person();
  const answer = await by.client.patch("/v1/me", { name: "Owner" });
  return { by, answer, refused: "caller.denied" };
});

attempt("take the address for which somebody else is invited", async () => {
  const { token } = await it.made("/v1/tokens", { name: "narrow", scopes: ["people.*"] });
  const by = it.as(owner.id, token);
  const answer = await by.client.patch("/v1/me", { email: anEmail() });
  return { by, answer, refused: "caller.denied" };
});

attempt("let members make stores as a member", async () => {
  const by = it.person();
  const answer = await by.client.patch(organization, { membersCreate: true });
  return { by, answer, refused: "caller.denied" };
});

attempt("read the audit trail as a member who manages a store", async () => {
  const by = it.person("member", ["store", first, "manage"]);
  return { by, answer: await by.client.get(`${organization}/audit`), refused: "caller.denied" };
});

attempt("read a value as an auditor", async () => {
  const by = it.person("auditor");
  const { path } = await it.secret();
  return { by, answer: await by.client.get(`${path}/value`), refused: "caller.denied" };
});

async function joined(role: Role, by = owner, email = anEmail()) {
  const { membershipId, invitation } = await it.made(people, { email, role }, by.client);
  const answer = await it.coffer.call(null).post(acceptance, { invitation });
  expect(answer.status, answer.text).toBe(201);
  const { person, token } = answer.body;
  return { email, membershipId, invitation, actor: it.as(person.id, token) };
}

test("an invitation that was accepted works no second time, nor after one was removed", async () => {
  const { invitation, membershipId, actor } = await joined("admin");
  const again = () => it.coffer.call(null).post(acceptance, { invitation });
  expect((await again()).body.error.code).toBe("invitation.not_found");
  expect((await me.delete(`${people}/${membershipId}`)).status).toBe(204);
  expect((await again()).body.error.code).toBe("invitation.not_found");
  const { status, body } = await actor.client.get(organization);
  expect([status, body.error.code]).toEqual([401, "caller.unauthenticated"]);
});

test("whoever comes back has neither his old token, grants nor groups", async () => {
  const { email, membershipId, actor } = await joined("member");
  const { path } = await it.secret();
  const { id: group } = await it.made(`${organization}/groups`, { name: "staff" });
  const object = { kind: "store", id: first };
  for (const subject of [
    { kind: "person", id: actor.id },
    { kind: "group", id: group },
  ]) {
    const given = await me.put(`${organization}/grants`, { subject, object, level: "read" });
    expect(given.status, given.text).toBe(200);
  }
  expect((await me.put(`${organization}/groups/${group}/members/${actor.id}`)).status).toBe(204);
  await expectValue(actor, path);
  expect((await me.delete(`${people}/${membershipId}`)).status).toBe(204);
  const back = await joined("member", owner, email);
  expect(back.actor.id).toBe(actor.id);
  await expectNoValue(back.actor, path);
  expect((await actor.client.get("/v1/whoami")).status).toBe(401);
});

test("an invitation is worth no more than its inviter when it is accepted", async () => {
  const { actor: admin, membershipId } = await joined("admin");
  const { invitation } = await it.made(people, { email: anEmail(), role: "admin" }, admin.client);
  expect((await me.patch(`${people}/${membershipId}`, { role: "member" })).status).toBe(200);
  const { status, body } = await it.coffer.call(null).post(acceptance, { invitation });
  expect([status, body.error.code]).toEqual([404, "invitation.not_found"]);
});

test("allowed: an admin invites and makes admins, an owner makes owners, and one of two may go", async () => {
  const { membershipId } = await joined("admin", it.person("admin"));
  expect((await me.patch(`${people}/${membershipId}`, { role: "owner" })).status).toBe(200);
  expect((await me.delete(`${people}/${membershipId}`)).status).toBe(204);
  expect((await me.get(`${organizations}/default`)).status).toBe(200);
});

test("allowed: an owner's token that ends makes owners, and one for a network lowers a role", async () => {
  const friend = it.person();
  const { membershipId } = await placeOf(friend);
  const by = await it.narrowed(owner, { expiresAt: hours(1) });
  const role = async ({ client }: Actor, wanted: Role) => {
    const answer = await client.patch(`${people}/${membershipId}`, { role: wanted });
    expect(answer.status, answer.text).toBe(200);
  };
  await role(by, "owner");
  const narrow = await it.narrowed(owner, { ...here, scopes: ["people.*"] });
  for (const lower of ["admin", "auditor"] as const) await role(narrow, lower);
});
