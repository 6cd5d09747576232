// Conferring as tables written by hand: which standing, through which narrowing, may give what.
import { describe, expect, test } from "vitest";
import type { Access } from "./access.ts";
import type { Authority, Role, Standing, Target } from "./authorize.ts";
import { holdingsOf, roles } from "./authorize.ts";
import { demandLevel, demandNarrower, demandRole, lastsUntil, type Narrowing } from "./confer.ts";
import { CofferError } from "./errors.ts";
import { type HeldGrant, type Level, levels, type ObjectKind } from "./grants/grant.ts";
import type { Scope } from "./tokens/scope.ts";

const grant = (kind: ObjectKind, id: string, level: Level): HeldGrant => ({
  object: { kind, id },
  level,
  group: null,
});

const person = (role: Role, ...grants: HeldGrant[]): Standing => ({
  kind: "person",
  role,
  holdings: holdingsOf(grants),
});

const machine = (...grants: HeldGrant[]): Standing => ({ kind: "machine", holdings: holdingsOf(grants) });
const service: Standing = { kind: "service", name: "worker", stores: null };
const job: Standing = { kind: "job", storeId: "s", claims: {} };

type Credential = Partial<Pick<Authority, "scopes" | "stores"> & Pick<Access, "addresses" | "expiresAt">>;

function access(standing: Standing, credential: Credential = {}): Access {
  const { scopes = null, stores = null, addresses = null, expiresAt = null } = credential;
  return {
    organization: {
      id: "o",
      slug: "o",
      name: "O",
      custody: "server",
      trash: "dialect",
      membersCreate: true,
      limits: { secrets: null, stores: null },
      usage: { secrets: 0, stores: 0 },
      defaultStoreId: "s",
      revision: 1,
      createdAt: 1,
    },
    authority: { principalId: "me", standing, operator: false, membersCreate: true, scopes, stores },
    epochs: { installation: 1, organization: 1 },
    expiresAt,
    addresses,
  };
}

const scope = (action: string, storeId: string | null = null, name: string | null = null): Scope => ({
  action,
  storeId,
  name,
});

function allows(demand: () => void): boolean {
  try {
    demand();
    return true;
  } catch (error) {
    if (error instanceof CofferError && error.code === "caller.denied" && error.because !== null)
      return false;
    throw error;
  }
}

const organization: Target = { kind: "organization", storeId: null };
const store: Target = { kind: "store", storeId: "s" };
const secret: Target = {
  kind: "secret",
  storeId: "s",
  secret: { id: "x", name: "X", consumers: null, policy: null },
};
const robot: Target = { kind: "machine", storeId: null, machineId: "m" };

describe("a level", () => {
  const given = (holder: Access, object: ObjectKind, target: Target): readonly Level[] =>
    levels.filter((level) => allows(() => demandLevel(holder, object, target, level)));

  test.each<[string, Access, readonly Level[]]>([
    ["an owner", access(person("owner")), ["read", "write", "manage"]],
    ["an admin", access(person("admin")), ["read", "write", "manage"]],
    ["an auditor, who reveals nothing", access(person("auditor")), []],
    ["a member without grants", access(person("member")), []],
    ["who reads the store", access(person("member", grant("store", "s", "read"))), ["read"]],
    ["who writes it", access(person("member", grant("store", "s", "write"))), ["read", "write"]],
    ["who manages it", access(person("member", grant("store", "s", "manage"))), ["read", "write", "manage"]],
    [
      "who manages everything",
      access(person("member", grant("organization", "o", "manage"))),
      ["read", "write", "manage"],
    ],
    ["who manages another store", access(person("member", grant("store", "t", "manage"))), []],
    ["who manages one secret in it", access(person("member", grant("secret", "x", "manage"))), []],
    ["a machine, which never manages", access(machine(grant("store", "s", "manage"))), ["read", "write"]],
    ["an owner by a token for a network", access(person("owner"), { addresses: ["192.0.2.0/24"] }), []],
    [
      "an owner by a token that ends",
      access(person("owner"), { expiresAt: 10 }),
      ["read", "write", "manage"],
    ],
    [
      "an owner by a token for this store that ends",
      access(person("owner"), { stores: ["s"], expiresAt: 10 }),
      [],
    ],
    ["a service", access(service), []],
    ["a job of it", access(job), []],
    ["an owner by a token for another store", access(person("owner"), { stores: ["t"] }), []],
    [
      "an owner by a token for this store",
      access(person("owner"), { stores: ["s"] }),
      ["read", "write", "manage"],
    ],
    [
      "an owner by a token that only grants",
      access(person("owner"), { scopes: [scope("grant.manage")] }),
      [],
    ],
    [
      "an owner by a token that grants and reads",
      access(person("owner"), {
        scopes: ["grant.*", "store.list", "store.read", "secret.list", "secret.read", "secret.reveal"].map(
          (action) => scope(action),
        ),
      }),
      ["read"],
    ],
    [
      "an owner by a token for one name there",
      access(person("owner"), {
        scopes: [scope("secret.*", "s", "X"), scope("store.*", "s"), scope("grant.*", "s")],
      }),
      [],
    ],
  ])("on a store is given by %s", (_, holder, expected) => {
    expect(given(holder, "store", store)).toEqual(expected);
  });

  test("on the organization is not given by who manages all its stores but one", () => {
    const holder = access(person("member", grant("store", "s", "manage"), grant("store", "t", "manage")));
    expect(given(holder, "organization", organization)).toEqual([]);
  });

  test("on a secret is given by who holds it there, on the store or everywhere", () => {
    for (const held of [
      grant("secret", "x", "write"),
      grant("store", "s", "write"),
      grant("organization", "o", "write"),
    ]) {
      expect(given(access(person("member", held)), "secret", secret)).toEqual(["read", "write"]);
    }
    expect(given(access(person("member", grant("secret", "y", "write"))), "secret", secret)).toEqual([]);
  });

  test("on a machine is given by who manages it, and by no grant on anything else", () => {
    expect(given(access(person("member", grant("machine", "m", "manage"))), "machine", robot)).toEqual(
      levels,
    );
    expect(given(access(person("member", grant("machine", "m", "write"))), "machine", robot)).toEqual([
      "read",
      "write",
    ]);
    expect(given(access(person("member", grant("machine", "n", "manage"))), "machine", robot)).toEqual([]);
    expect(given(access(person("member", grant("organization", "o", "manage"))), "machine", robot)).toEqual(
      [],
    );
    expect(given(access(person("admin")), "machine", robot)).toEqual(levels);
  });
});

describe("a role", () => {
  test.each<[string, Access, readonly Role[]]>([
    ["an owner", access(person("owner")), ["owner", "admin", "auditor", "member"]],
    ["an admin", access(person("admin")), ["admin", "auditor", "member"]],
    ["an auditor", access(person("auditor")), ["auditor"]],
    ["a member", access(person("member")), ["member"]],
    ["a machine that manages everything", access(machine(grant("organization", "o", "manage"))), []],
    ["a service", access(service), []],
    ["a job", access(job), []],
    ["an owner by a scoped token", access(person("owner"), { scopes: [scope("people.*")] }), []],
    [
      "an owner by a token that makes stores and machines",
      access(person("owner"), {
        scopes: [scope("store.create"), scope("machine.create"), scope("people.manage")],
      }),
      ["member"],
    ],
    ["an owner by a token for one store", access(person("owner"), { stores: ["s"] }), []],
    ["an owner by a token for a network", access(person("owner"), { addresses: ["192.0.2.0/24"] }), []],
    [
      "an owner by a token that ends, which mints lasting ones",
      access(person("owner"), { expiresAt: 10 }),
      ["owner", "admin", "auditor", "member"],
    ],
    [
      "an owner by a token that makes stores and machines, and ends",
      access(person("owner"), {
        scopes: [scope("store.create"), scope("machine.create"), scope("people.manage")],
        expiresAt: 10,
      }),
      [],
    ],
  ])("is given by %s", (_, holder, expected) => {
    expect(roles.filter((role) => allows(() => demandRole(holder, role)))).toEqual(expected);
  });
});

describe("a token", () => {
  const whole: Narrowing = { reach: null, stores: null, addresses: null, expiresAt: null };
  const owner = person("owner");

  test.each<[string, Credential, Partial<Narrowing>, boolean]>([
    ["by one that narrows nothing: anything", {}, {}, true],
    ["by one that lasts a while: a lasting one", { expiresAt: 10 }, {}, true],
    ["by a scoped one: without scopes", { scopes: [scope("secret.*")] }, {}, false],
    ["by a scoped one: the same", { scopes: [scope("secret.*")] }, { reach: [scope("secret.*")] }, true],
    [
      "by a scoped one: a part",
      { scopes: [scope("secret.*")] },
      { reach: [scope("secret.read", "s", "X")] },
      true,
    ],
    [
      "by a scoped one: a part and more",
      { scopes: [scope("secret.*")] },
      { reach: [scope("secret.read"), scope("store.read")] },
      false,
    ],
    [
      "by one for a name: for the store",
      { scopes: [scope("secret.read", "s", "X")] },
      { reach: [scope("secret.read", "s")] },
      false,
    ],
    ["by one action: its family", { scopes: [scope("secret.read")] }, { reach: [scope("secret.*")] }, false],
    ["by one for a store: for all", { stores: ["s"] }, {}, false],
    ["by one for a store: for it", { stores: ["s"] }, { stores: ["s"] }, true],
    ["by one for two stores: for one", { stores: ["s", "t"] }, { stores: ["t"] }, true],
    ["by one for a store: for another too", { stores: ["s"] }, { stores: ["s", "t"] }, false],
    ["by one for a network: for all", { addresses: ["192.0.2.0/24"] }, {}, false],
    ["by one for a network: for a part", { addresses: ["192.0.2.0/24"] }, { addresses: ["192.0.2.7"] }, true],
    [
      "by one for a network: for a wider one",
      { addresses: ["192.0.2.0/24"] },
      { addresses: ["192.0.0.0/16"] },
      false,
    ],
    [
      "by a scoped one that ends: a lasting one",
      { scopes: [scope("secret.*")], expiresAt: 10 },
      { reach: [scope("secret.*")] },
      false,
    ],
    [
      "by a scoped one that ends: a longer one",
      { scopes: [scope("secret.*")], expiresAt: 10 },
      { reach: [scope("secret.*")], expiresAt: 11 },
      false,
    ],
    [
      "by a scoped one that ends: as long a one",
      { scopes: [scope("secret.*")], expiresAt: 10 },
      { reach: [scope("secret.*")], expiresAt: 10 },
      true,
    ],
    [
      "by one for stores that ends: a lasting one",
      { stores: ["s"], expiresAt: 10 },
      { stores: ["s"] },
      false,
    ],
    [
      "by one for addresses that ends: a lasting one",
      { addresses: ["::1"], expiresAt: 10 },
      { addresses: ["::1"] },
      false,
    ],
    [
      "by a scoped one that lasts: a lasting one",
      { scopes: [scope("secret.*")] },
      { reach: [scope("secret.*")] },
      true,
    ],
  ])("is minted %s", (_, credential, parts, expected) => {
    expect(allows(() => demandNarrower(access(owner, credential), { ...whole, ...parts }))).toBe(expected);
  });

  test("of a machine that ends mints none that lasts longer, though it narrows nothing", () => {
    const minter = access(machine(), { expiresAt: 10 });
    expect(lastsUntil(minter)).toBe(10);
    expect(allows(() => demandNarrower(minter, { ...whole, expiresAt: 10 }))).toBe(true);
    expect(allows(() => demandNarrower(minter, whole))).toBe(false);
    expect(lastsUntil(access(owner, { expiresAt: 10 }))).toBeNull();
  });
});
