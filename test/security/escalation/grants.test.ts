// Grants, groups and machines: nobody gives what he does not hold, himself least of all, and no detour by
// a group or a machine gives more.
import { afterAll, expect, test } from "vitest";
import type { ErrorCode } from "../../../src/core/errors.ts";
import type { Level, ObjectKind, SubjectKind } from "../../../src/core/grants/grant.ts";
import {
  type Actor,
  aName,
  expectNoValue,
  expectValue,
  field,
  grants,
  groups,
  hours,
  machines,
  organization,
  stores,
  tokens,
} from "./field.ts";

const it = await field();
const { attempt, me, owner } = it;
const home = it.coffer.bootstrap.organization.id;
const first = it.coffer.bootstrap.store.id;
afterAll(() => it.coffer.stop());

type Subject = readonly [SubjectKind, string];
type Place = readonly [ObjectKind, string];

/** Gives it, and looks whether it is there. */
async function giving(by: Actor, to: Subject, on: Place, level: Level, refused: ErrorCode = "caller.denied") {
  const [subject, object] = [to, on].map(([kind, id]) => ({ kind, id }));
  const answer = await by.client.put(grants, { subject, object, level });
  return { by, answer, refused, unchanged: async () => expect(await held(to, on)).not.toBe(level) };
}

async function held([subjectKind, subject]: Subject, [kind, id]: Place): Promise<Level | undefined> {
  const { body } = await me.get(`${grants}?object=${kind}:${id}&subject=${subjectKind}:${subject}`);
  return body.items?.[0]?.level;
}

const self = ({ id }: Actor) => ["person", id] as const;
const everythingOf = (store: string) =>
  ["secret.*", "store.*", "grant.*", "job.*"].map((action) => `${action}@${store}`);

/** Somebody who manages a store of his own. */
async function manager() {
  const store = await it.store();
  return { store, by: it.person("member", ["store", store.id, "manage"]) };
}

attempt("grant oneself the organization by managing a store", async () => {
  const { by } = await manager();
  return giving(by, self(by), ["organization", home], "read");
});

attempt("grant oneself another store", async () => {
  const { by } = await manager();
  return giving(by, self(by), ["store", first], "read", "store.not_found");
});

attempt("grant oneself a secret of another store by its id", async () => {
  const { by } = await manager();
  const { id, path } = await it.secret();
  const tried = await giving(by, self(by), ["secret", id], "read", "secret.not_found");
  return { ...tried, unchanged: () => expectNoValue(by, path) };
});

attempt("grant oneself values as an auditor", async () => {
  const by = it.person("auditor");
  return giving(by, self(by), ["store", first], "read");
});

attempt("raise one's own grant from write to manage", async () => {
  const by = it.person("member", ["store", first, "write"]);
  return giving(by, self(by), ["store", first], "manage");
});

attempt("raise one's grant on a secret to its store", async () => {
  const { id } = await it.secret();
  const by = it.person("member", ["secret", id, "manage"]);
  return giving(by, self(by), ["store", first], "manage", "store.not_found");
});

attempt("grant values by a token that only manages grants", async () => {
  const friend = it.person();
  const by = await it.narrowed(owner, { scopes: ["grant.*", "store.list", "organization.read"] });
  return giving(by, self(friend), ["store", first], "read");
});

attempt("grant a store by a token that holds one name in it", async () => {
  const { name } = await it.secret();
  const scopes = ["grant.manage@default", "store.*@default", `secret.*@default/${name}`];
  return giving(await it.narrowed(owner, { scopes }), self(it.person()), ["store", first], "read");
});

attempt("grant manage by a token that holds write", async () => {
  const scopes = ["grant.*", "store.*", "secret.read", "secret.list", "secret.reveal", "secret.write"];
  return giving(await it.narrowed(owner, { scopes }), self(it.person()), ["store", first], "manage");
});

attempt("grant the organization by a token that holds all of one store", async () => {
  const by = await it.narrowed(owner, { scopes: everythingOf("default") });
  return giving(by, self(it.person()), ["organization", home], "read", "organization.not_found");
});

attempt("grant outside of the stores that a token is bound to", async () => {
  const { id } = await it.store();
  const by = await it.narrowed(owner, { stores: [id] });
  return giving(by, self(it.person()), ["store", first], "read", "store.not_found");
});

attempt("grant as a machine outside of where it writes", async () => {
  const robot = it.machine(["store", (await it.store()).id, "write"]);
  return giving(robot, ["machine", robot.id], ["store", first], "read", "store.not_found");
});

attempt("grant as a machine that writes", async () => {
  const robot = it.machine(["store", first, "write"]);
  return giving(robot, self(it.person()), ["store", first], "write");
});

attempt("grant as a machine that a table says manages", async () => {
  const robot = it.machine(["store", first, "manage"]);
  return giving(robot, self(it.person()), ["store", first], "read");
});

attempt("grant by a token for one network", async () => {
  const by = await it.narrowed(owner, { addresses: ["127.0.0.0/8"] });
  return giving(by, self(it.person()), ["store", first], "read");
});

attempt("grant by a scoped token that ends", async () => {
  const scopes = everythingOf("default");
  const by = await it.narrowed(owner, { scopes, expiresAt: hours(1) });
  return giving(by, self(it.person()), ["store", first], "read");
});

test("a machine is given no manage by anybody, on anything, and hears why", async () => {
  const robot = it.machine();
  const { id } = await it.secret();
  for (const object of [
    { kind: "organization", id: home },
    { kind: "store", id: first },
    { kind: "secret", id },
  ]) {
    const subject = { kind: "machine", id: robot.id };
    const { status, body } = await me.put(grants, { subject, object, level: "manage" });
    expect([status, body.error]).toEqual([
      400,
      {
        code: "request.invalid",
        message: '"level" must be read or write where the subject is a machine',
        requestId: expect.any(String),
        details: { field: "level", rule: "must be read or write where the subject is a machine" },
      },
    ]);
    expect((await me.put(grants, { subject, object, level: "write" })).status).toBe(200);
  }
});

attempt("grant as a service", async () => {
  const by = await it.service();
  return giving(by, self(it.person()), ["store", first], "read");
});

attempt("grant as a job", async () => {
  const by = await it.job("default");
  return giving(by, self(it.person()), ["store", first], "read");
});

attempt("take a grant away in another store", async () => {
  const { by } = await manager();
  const victim = it.person("member", ["store", first, "read"]);
  const subject = { kind: "person", id: victim.id };
  const answer = await by.client.delete(grants, { subject, object: { kind: "store", id: first } });
  return {
    by,
    answer,
    refused: "store.not_found",
    unchanged: async () => expect(await held(self(victim), ["store", first])).toBe("read"),
  };
});

attempt("grant on a store of another tenant", async () => {
  const { store } = await it.tenant();
  return giving(owner, self(owner), ["store", store], "read", "store.not_found");
});

attempt("grant on another tenant itself", async () => {
  const { id } = await it.tenant();
  return giving(owner, self(owner), ["organization", id], "read", "organization.not_found");
});

attempt("grant to a machine of another tenant", async () => {
  const robot = it.tables.machine((await it.tenant()).id);
  return giving(owner, ["machine", robot], ["store", first], "read", "machine.not_found");
});

attempt("use the grant on a deleted store whose slug is taken anew", async () => {
  const old = await it.store();
  const by = it.person("member", ["store", old.id, "manage"]);
  expect((await me.delete(`${stores}/${old.slug}`)).status).toBe(204);
  const { path } = await it.secret((await it.store(old.slug)).slug);
  return { by, answer: await by.client.get(`${path}/value`), refused: "store.not_found" };
});

// ---- groups ----------------------------------------------------------------------------------------

async function group(...held: readonly [ObjectKind, string, Level][]): Promise<string> {
  const { id } = await it.made(groups, { name: aName() });
  for (const [kind, object, level] of held) it.tables.grant(["group", id], [kind, object], level);
  return id;
}

async function joining(by: Actor, id: string, who: Actor, refused: ErrorCode = "caller.denied") {
  const answer = await by.client.put(`${groups}/${id}/members/${who.id}`);
  const unchanged = async () => {
    const { body } = await me.get(`${groups}/${id}/members`);
    expect(body.items.map((member: { id: string }) => member.id)).not.toContain(who.id);
  };
  return { by, answer, refused, unchanged };
}

attempt("join a group as a member", async () => {
  const by = it.person();
  return joining(by, await group(["store", first, "read"]), by, "group.not_found");
});

attempt("join a group as an auditor, who sees it", async () => {
  const by = it.person("auditor");
  return joining(by, await group(["store", first, "read"]), by);
});

attempt("let a friend into a group that holds more than the token", async () => {
  const by = await it.narrowed(it.person("admin"), { scopes: ["group.*", "people.read"] });
  return joining(by, await group(["store", first, "read"]), it.person());
});

attempt("let a friend into a group that holds one secret more than the token", async () => {
  const [mine, theirs] = [await it.secret(), await it.secret()];
  const scopes = ["group.*", "store.*", `secret.*@default/${mine.name}`];
  const by = await it.narrowed(owner, { scopes });
  return joining(by, await group(["secret", mine.id, "read"], ["secret", theirs.id, "read"]), it.person());
});

attempt("let a friend into a group that manages a machine, by a token without values", async () => {
  const scopes = ["group.*", "machine.*", "token.*", "grant.*"];
  const by = await it.narrowed(it.person("admin"), { scopes });
  return joining(by, await group(["machine", it.machine().id, "manage"]), it.person());
});

attempt("let a friend into a group by a token for one network", async () => {
  const by = await it.narrowed(owner, { addresses: ["127.0.0.0/8"] });
  return joining(by, await group(["store", first, "read"]), it.person());
});

attempt("let a machine into a group that manages", async () =>
  joining(owner, await group(["store", first, "manage"]), it.machine(), "principal.not_found"),
);

attempt("let somebody of no membership into a group", async () =>
  joining(owner, await group(), it.as(home, ""), "principal.not_found"),
);

attempt("join a group of another tenant by its id", async () => {
  const { path } = await it.tenant();
  const { id } = await it.made(`${path}/groups`, { name: aName() });
  const answer = await me.put(`${groups}/${id}/members/${owner.id}`);
  return { by: owner, answer, refused: "group.not_found" };
});

attempt("give a group more than one holds, being in it", async () => {
  const { by } = await manager();
  const id = await group();
  expect((await me.put(`${groups}/${id}/members/${by.id}`)).status).toBe(204);
  return giving(by, ["group", id], ["store", first], "read", "store.not_found");
});

// ---- machines --------------------------------------------------------------------------------------

attempt("manage a machine that one may see", async () => {
  const { id } = it.machine();
  const by = it.person("member", ["machine", id, "read"]);
  return giving(by, self(by), ["machine", id], "manage");
});

attempt("manage a machine that one may not see", async () => {
  const { id } = it.machine();
  const by = it.person();
  return giving(by, self(by), ["machine", id], "manage", "machine.not_found");
});

attempt("give a friend a machine by a token without values", async () => {
  const robot = it.machine(["organization", home, "manage"]);
  const scopes = ["machine.*", "token.*", "grant.*"];
  const by = await it.narrowed(it.person("member", ["machine", robot.id, "manage"]), { scopes });
  return giving(by, self(it.person()), ["machine", robot.id], "manage");
});

attempt("give a friend a machine by a token for one network", async () => {
  const { id } = it.machine();
  const by = await it.narrowed(it.person("member", ["machine", id, "manage"]), {
    addresses: ["127.0.0.0/8"],
  });
  return giving(by, self(it.person()), ["machine", id], "manage");
});

attempt("go from one machine to the next", async () => {
  const [one, two] = [it.machine(), it.machine(["store", first, "read"])];
  const by = it.person("member", ["machine", one.id, "manage"]);
  const { token } = await it.made(
    tokens,
    { principal: { kind: "machine", id: one.id }, name: "x" },
    by.client,
  );
  const robot = it.as(one.id, token);
  const principal = { kind: "machine", id: two.id };
  const answer = await robot.client.post(tokens, { principal, name: "next" });
  return { by: robot, answer, refused: "caller.denied" };
});

attempt("hold what a machine that one manages holds, by one's own token", async () => {
  const robot = it.machine(["store", first, "read"]);
  const by = it.person("member", ["machine", robot.id, "manage"]);
  const { path } = await it.secret();
  return { by, answer: await by.client.get(`${path}/value`), refused: "store.not_found" };
});

attempt("rename a machine that one may see", async () => {
  const { id } = it.machine();
  const by = it.person("member", ["machine", id, "write"]);
  const answer = await by.client.patch(`${machines}/${id}`, { name: "mine" });
  return { by, answer, refused: "caller.denied" };
});

attempt("ask about somebody else's access without reading grants", async () => {
  const by = it.person("member", ["store", first, "write"]);
  const principal = { kind: "person", id: owner.id };
  const asked = { principal, action: "secret.reveal", store: "default" };
  return { by, answer: await by.client.post(`${organization}/explain`, asked), refused: "caller.denied" };
});

for (const secret of ["there", "missing"]) {
  attempt(`ask who reads a secret that is ${secret}, by reading grants and no secrets`, async () => {
    const by = await it.narrowed(owner, { scopes: ["grant.read", "store.list"] });
    const { name } = await it.secret();
    const asked = {
      principal: { kind: "person", id: it.person().id },
      action: "secret.reveal",
      store: "default",
      secret: secret === "there" ? name : "MISSING",
    };
    const answer = await by.client.post(`${organization}/explain`, asked);
    return { by, answer, refused: "secret.not_found" };
  });
}

attempt("ask about oneself in a store that one may not list", async () => {
  const by = it.person();
  const { name } = await it.secret();
  const asked = { action: "secret.reveal", store: "default", secret: name };
  const answer = await by.client.post(`${organization}/explain`, asked);
  return { by, answer, refused: "store.not_found" };
});

attempt("ask about a machine of another tenant", async () => {
  const principal = { kind: "machine", id: it.tables.machine((await it.tenant()).id) };
  const answer = await me.post(`${organization}/explain`, { principal, action: "secret.reveal" });
  return { by: owner, answer, refused: "principal.not_found" };
});

test("who reads the grants of an organization by a grant on it reads none on its machines", async () => {
  const machine = it.machine().id;
  const keeper = it.person("member", ["machine", machine, "manage"], ["store", first, "read"]);
  const seen = async ({ client }: Actor) => {
    const { body } = await client.get(`${grants}?subject=person:${keeper.id}`);
    return body.items.map((grant: { object: { kind: string } }) => grant.object.kind).sort();
  };
  expect(await seen(owner)).toEqual(["machine", "store"]);
  expect(await seen(it.person("auditor"))).toEqual(["machine", "store"]);
  expect(await seen(it.person("member", ["organization", home, "manage"]))).toEqual(["store"]);
});

test("allowed: what one manages, to a friend, by a group, and by a machine", async () => {
  const { by, store } = await manager();
  const { path } = await it.secret(store.slug);
  const [friend, other, robot] = [it.person(), it.person(), it.machine()];
  const put = async (to: Subject, level: Level) => {
    const [kind, id] = to;
    const body = { subject: { kind, id }, object: { kind: "store", id: store.id }, level };
    const answer = await by.client.put(grants, body);
    expect(answer.status, answer.text).toBe(200);
  };
  await put(self(friend), "manage");
  await put(["machine", robot.id], "read");
  await put(["group", await group()], "read");
  const id = await group(["store", store.id, "read"]);
  expect((await me.put(`${groups}/${id}/members/${other.id}`)).status).toBe(204);
  for (const each of [friend, robot, other]) await expectValue(each, path);
  const asked = { principal: { kind: "machine", id: robot.id }, action: "secret.reveal", store: store.slug };
  const { body } = await by.client.post(`${organization}/explain`, asked);
  expect(body.allowed).toBe(true);
  const nobody = { ...asked, principal: { kind: "person", id: it.person().id } };
  expect((await by.client.post(`${organization}/explain`, nobody)).body.allowed).toBe(false);
});
