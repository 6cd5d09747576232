// The decision as tables written by hand: what each role, grant, service and job may do, and how a
// token narrows it.
import { describe, expect, test } from "vitest";
import { type Action, actions } from "./actions.ts";
import {
  type Authority,
  authorize,
  type Holdings,
  holdingsOf,
  type Role,
  type SecretFacts,
  storesFor,
  type Target,
} from "./authorize.ts";
import { type HeldGrant, type Level, levels, type ObjectKind } from "./grants/grant.ts";
import type { Scope } from "./tokens/scope.ts";

const operators: readonly Action[] = ["organization.create", "metrics.read"];
const everything = actions.filter((action) => !operators.includes(action));

const auditor: readonly Action[] = [
  "organization.read",
  "store.list",
  "store.read",
  "secret.list",
  "secret.read",
  "grant.read",
  "people.read",
  "group.read",
  "machine.read",
  "service.read",
  "token.read",
  "trust.read",
  "key.read",
  "audit.read",
];

const read: readonly Action[] = ["store.list", "store.read", "secret.list", "secret.read", "secret.reveal"];
const write: readonly Action[] = [
  ...read,
  "secret.create",
  "secret.update",
  "secret.write",
  "secret.delete",
  "secret.restore",
  "store.update",
  "store.delete",
];
const byLevel: Record<Level, readonly Action[]> = {
  read,
  write,
  manage: [...write, "secret.purge", "grant.read", "grant.manage", "job.manage"],
};
const onMachine: Record<Level, readonly Action[]> = {
  read: ["machine.read"],
  write: ["machine.read"],
  manage: ["machine.read", "machine.manage", "token.read", "token.manage", "grant.read", "grant.manage"],
};

const facts: SecretFacts = { id: "x", name: "X", consumers: ["worker"], policy: null };
const here: Target = { kind: "secret", storeId: "here", secret: facts };
const there: Target = { kind: "secret", storeId: "there", secret: { ...facts, id: "y", name: "Y" } };
const organization: Target = { kind: "organization", storeId: null };
const installation: Target = { kind: "installation", storeId: null };

function holding(...grants: readonly [ObjectKind, string, Level][]): Holdings {
  return holdingsOf(
    grants.map(([kind, id, level]): HeldGrant => ({ object: { kind, id }, level, group: null })),
  );
}

type Narrowed = Partial<Pick<Authority, "scopes" | "stores" | "operator" | "membersCreate">>;

function someone(standing: Authority["standing"], narrowed: Narrowed = {}): Authority {
  return {
    principalId: "p",
    standing,
    operator: false,
    membersCreate: true,
    scopes: null,
    stores: null,
    ...narrowed,
  };
}

function person(role: Role, narrowed: Narrowed = {}, holdings = holding()): Authority {
  return someone({ kind: "person", role, holdings }, narrowed);
}

function machine(...grants: readonly [ObjectKind, string, Level][]): Authority {
  return someone({ kind: "machine", holdings: holding(...grants) });
}

function allowedOf(authority: Authority, target: Target): readonly Action[] {
  return actions.filter((action) => authorize(authority, action, target).allowed);
}

/** In the order of the list, so that a table may be written in its own. */
function inOrder(some: readonly Action[]): readonly Action[] {
  return actions.filter((action) => some.includes(action));
}

describe("roles", () => {
  const table: Record<Role, readonly Action[]> = {
    owner: everything,
    admin: everything.filter((action) => action !== "organization.delete"),
    auditor,
    member: ["organization.read", "store.create", "machine.create"],
  };
  for (const [role, may] of Object.entries(table) as [Role, readonly Action[]][]) {
    test(`${role}: exactly what the table says, on everything`, () => {
      for (const target of [
        here,
        there,
        organization,
        { kind: "machine", storeId: null, machineId: "m" },
      ] as const) {
        expect(allowedOf(person(role), target)).toEqual(inOrder(may));
      }
    });
  }

  test("an admin touches no owner, and reads about them", () => {
    const owner: Target = { kind: "principal", storeId: null, ofOwner: true };
    expect(allowedOf(person("admin"), owner)).toEqual(inOrder(auditor));
    expect(allowedOf(person("owner"), owner)).toEqual(everything);
  });

  test("members make stores and machines unless the organization says no", () => {
    expect(allowedOf(person("member", { membersCreate: false }), organization)).toEqual([
      "organization.read",
    ]);
    expect(allowedOf(someone({ kind: "machine", holdings: holding() }), organization)).toEqual([
      "organization.read",
      "store.create",
    ]);
    const none = { membersCreate: false };
    expect(allowedOf(someone({ kind: "machine", holdings: holding() }, none), organization)).toEqual([
      "organization.read",
    ]);
  });

  test("without a membership nothing is there, for operators neither", () => {
    expect(allowedOf(someone(null), here)).toEqual([]);
    expect(allowedOf(someone(null, { operator: true }), here)).toEqual(inOrder(operators));
  });

  test("the installation is its operators', whatever a role allows", () => {
    expect(allowedOf(person("owner"), installation)).toEqual([]);
    const operator = someone(null, { operator: true });
    expect(authorize(operator, "key.manage", installation).allowed).toBe(true);
    expect(authorize(operator, "key.manage", organization).allowed).toBe(false);
  });

  test("his own tokens and membership are for everyone but jobs", () => {
    const own: Target = { kind: "principal", storeId: null, own: true };
    const service = someone({ kind: "service", name: "worker", stores: null });
    for (const authority of [person("member"), machine(), service]) {
      expect(allowedOf(authority, own)).toEqual(
        expect.arrayContaining(["people.read", "people.manage", "token.read", "token.manage"]),
      );
    }
    expect(allowedOf(someone({ kind: "job", storeId: "here", claims: {} }), own)).toEqual([]);
  });
});

describe("grants", () => {
  for (const level of levels) {
    test(`${level} on the organization, the store, the secret`, () => {
      const may = inOrder(byLevel[level]);
      const besides = (target: Target, ...grant: [ObjectKind, string, Level]) =>
        allowedOf(person("member", { membersCreate: false }, holding(grant)), target).filter(
          (action) => action !== "organization.read",
        );
      expect(besides(here, "organization", "o", level)).toEqual(may);
      expect(besides(there, "organization", "o", level)).toEqual(may);
      expect(besides(here, "store", "here", level)).toEqual(may);
      expect(besides(there, "store", "here", level)).toEqual([]);
      expect(besides(here, "secret", "x", level)).toEqual(may);
      expect(besides({ kind: "store", storeId: "here" }, "secret", "x", level)).toEqual([]);
      expect(besides(there, "secret", "x", level)).toEqual([]);
      // A secret of a deleted store is nobody's by a grant on a store.
      const orphan: Target = { kind: "secret", storeId: null, secret: facts };
      expect(besides(orphan, "store", "here", level)).toEqual([]);
      expect(besides(orphan, "secret", "x", level)).toEqual(may);
      expect(besides(orphan, "organization", "o", level)).toEqual(may);
    });

    test(`${level} on a machine`, () => {
      const member = person("member", { membersCreate: false }, holding(["machine", "m", level]));
      const target: Target = { kind: "machine", storeId: null, machineId: "m" };
      expect(allowedOf(member, target)).toEqual(inOrder(["organization.read", ...onMachine[level]]));
      expect(allowedOf(member, { ...target, machineId: "n" })).toEqual(["organization.read"]);
      expect(allowedOf(member, here)).toEqual(["organization.read"]);
    });
  }

  test("those on places say nothing about machines and people", () => {
    const manager = person("member", { membersCreate: false }, holding(["organization", "o", "manage"]));
    expect(allowedOf(manager, { kind: "machine", storeId: null, machineId: "m" })).toEqual([
      "organization.read",
    ]);
    expect(allowedOf(manager, { kind: "principal", storeId: null })).toEqual(["organization.read"]);
  });

  test("make machines read and write, never manage, whatever a table says", () => {
    for (const object of [
      ["organization", "o"],
      ["store", "here"],
      ["secret", "x"],
    ] as const) {
      const may = allowedOf(machine([...object, "manage"]), here);
      expect(may.filter((action) => !["organization.read", "store.create"].includes(action))).toEqual(
        inOrder(write),
      );
    }
    const another: Target = { kind: "machine", storeId: null, machineId: "m" };
    expect(allowedOf(machine(["machine", "m", "manage"]), another)).toEqual(
      inOrder(["organization.read", "store.create"]),
    );
  });

  test("the strongest counts, whichever came first, and is named with its group", () => {
    const weak: HeldGrant = { object: { kind: "store", id: "here" }, level: "read", group: null };
    const strong: HeldGrant = { ...weak, level: "manage", group: "Deployers" };
    for (const grants of [
      [weak, strong],
      [strong, weak],
    ]) {
      const authority = person("member", {}, holdingsOf(grants));
      expect(authorize(authority, "secret.purge", here)).toEqual({
        allowed: true,
        because: "grant: manage on the store by group Deployers",
      });
    }
  });

  test("add to a role and never take from it", () => {
    const member = person("member", {}, holding(["store", "here", "read"]));
    expect(authorize(member, "secret.reveal", here)).toEqual({
      allowed: true,
      because: "grant: read on the store",
    });
    expect(authorize(member, "secret.reveal", there).allowed).toBe(false);
    const reader = person("auditor", {}, holding(["secret", "x", "read"]));
    expect(authorize(reader, "secret.reveal", here).allowed).toBe(true);
    expect(authorize(reader, "secret.read", there).because).toBe("role: auditor");
  });
});

describe("services and jobs", () => {
  const service = (stores: readonly string[] | null) => someone({ kind: "service", name: "worker", stores });

  test("a service reads and reveals what lists it, where it is bound, and nothing else", () => {
    for (const authority of [service(null), service(["here"])]) {
      expect(allowedOf(authority, here)).toEqual(["organization.read", "secret.read", "secret.reveal"]);
      expect(allowedOf(authority, { ...here, secret: { ...facts, consumers: ["Worker"] } })).toEqual([
        "organization.read",
      ]);
      expect(allowedOf(authority, { ...here, secret: { ...facts, consumers: null } })).toEqual([
        "organization.read",
      ]);
      expect(allowedOf(authority, { kind: "store", storeId: "here" })).toEqual(["organization.read"]);
    }
    expect(allowedOf(service(["there"]), here)).toEqual(["organization.read"]);
    expect(allowedOf(service([]), here)).toEqual(["organization.read"]);
  });

  test("a job reveals in its store and does nothing else", () => {
    const job = someone({ kind: "job", storeId: "here", claims: {} });
    expect(allowedOf(job, here)).toEqual(["secret.reveal"]);
    expect(allowedOf(job, there)).toEqual([]);
    expect(allowedOf(job, { kind: "store", storeId: "here" })).toEqual([]);
    expect(allowedOf(job, organization)).toEqual([]);
  });
});

describe("a token", () => {
  const scope = (action: string, storeId: string | null = null, name: string | null = null): Scope => ({
    action,
    storeId,
    name,
  });

  test("takes away by its scopes and never adds", () => {
    for (const text of ["secret.reveal", "secret.*", "store.list", "token.manage"]) {
      for (const whole of [person("owner"), person("auditor"), person("member"), someone(null)]) {
        const narrowed = { ...whole, scopes: [scope(text)] };
        for (const action of actions) {
          const covered = text === action || (text === "secret.*" && action.startsWith("secret."));
          expect([text, action, authorize(narrowed, action, here).allowed]).toEqual([
            text,
            action,
            covered && authorize(whole, action, here).allowed,
          ]);
        }
      }
    }
  });

  test("without any scope allows nothing", () => {
    expect(allowedOf(person("owner", { scopes: [] }), here)).toEqual([]);
  });

  test("scoped to a store or a name reaches that alone", () => {
    const inStore = person("owner", { scopes: [scope("secret.*", "here")] });
    expect(authorize(inStore, "secret.purge", here).allowed).toBe(true);
    expect(authorize(inStore, "secret.purge", there).allowed).toBe(false);
    expect(authorize(inStore, "secret.list", organization).allowed).toBe(false);
    const named = person("owner", { scopes: [scope("secret.reveal", "here", "X")] });
    expect(authorize(named, "secret.reveal", here).allowed).toBe(true);
    expect(authorize(named, "secret.reveal", { ...here, secret: { ...facts, name: "Z" } }).allowed).toBe(
      false,
    );
    expect(authorize(named, "secret.reveal", { kind: "store", storeId: "here" }).allowed).toBe(false);
  });

  test("bound to stores reaches those alone, and finds its way to them", () => {
    const bound = person("owner", { stores: ["here"] });
    expect(authorize(bound, "secret.reveal", here).allowed).toBe(true);
    expect(authorize(bound, "secret.reveal", there).allowed).toBe(false);
    expect(authorize(bound, "store.list", { kind: "store", storeId: "there" }).allowed).toBe(false);
    expect(allowedOf(bound, organization)).toEqual(["organization.read", "store.list"]);
    expect(allowedOf(bound, { kind: "machine", storeId: null, machineId: "m" })).toEqual([
      "organization.read",
      "store.list",
    ]);
  });
});

describe("the stores of which all may be listed", () => {
  const scoped = (storeId: string | null): Narrowed => ({
    scopes: [{ action: "secret.list", storeId, name: null }],
  });
  test.each<[string, Authority, readonly string[] | null]>([
    ["an owner", person("owner"), null],
    ["an auditor", person("auditor"), null],
    ["a member", person("member"), []],
    ["a member with a grant", person("member", {}, holding(["store", "here", "read"])), ["here"]],
    ["a machine with a grant on all", machine(["organization", "o", "read"]), null],
    ["a machine with a grant on a secret", machine(["secret", "x", "manage"]), []],
    ["a token bound to stores", person("owner", { stores: ["here"] }), ["here"]],
    ["a token scoped to a store", person("owner", scoped("there")), ["there"]],
    ["a token scoped to all", person("owner", scoped(null)), null],
    [
      "a token bound and granted",
      person("member", { stores: ["there"] }, holding(["store", "here", "read"])),
      [],
    ],
    [
      "a token for something else",
      person("owner", { scopes: [{ action: "audit.read", storeId: null, name: null }] }),
      [],
    ],
    ["a service", someone({ kind: "service", name: "worker", stores: null }), []],
    ["nobody", someone(null), []],
  ])("of %s", (_who, authority, stores) => {
    expect(storesFor(authority, "secret.list")).toEqual(stores);
  });
});
