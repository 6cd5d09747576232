// Grants are monotone: to give one never takes away, to take one away never gives. And what a token is
// narrowed by only ever narrows. Over random holdings, roles and tokens, each against every action
// everywhere.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { actions } from "../../src/core/actions.ts";
import {
  type Authority,
  authorize,
  holdingsOf,
  roles,
  type SecretFacts,
  type Standing,
  storesFor,
  type Target,
} from "../../src/core/authorize.ts";
import { demandLevel } from "../../src/core/confer.ts";
import { CofferError } from "../../src/core/errors.ts";
import { actionsOf, type HeldGrant, levels } from "../../src/core/grants/grant.ts";
import type { Scope } from "../../src/core/tokens/scope.ts";

// A small world, so that what is drawn meets: two of each kind of object.
const stores = ["s1", "s2"];
const secrets: readonly (SecretFacts & { readonly storeId: string })[] = [
  { id: "x1", storeId: "s1", name: "A", consumers: ["w"], policy: null },
  { id: "x2", storeId: "s2", name: "B", consumers: null, policy: null },
];
const machines = ["m1", "m2"];

const targets: readonly Target[] = [
  { kind: "installation", storeId: null },
  { kind: "organization", storeId: null },
  ...stores.flatMap((storeId): Target[] => [
    { kind: "store", storeId },
    { kind: "secret", storeId },
  ]),
  ...secrets.map((secret): Target => ({ kind: "secret", storeId: secret.storeId, secret })),
  ...machines.map((machineId): Target => ({ kind: "machine", storeId: null, machineId })),
  { kind: "principal", storeId: null },
  { kind: "principal", storeId: null, own: true },
  { kind: "principal", storeId: null, ofOwner: true },
];

const anyObject: fc.Arbitrary<HeldGrant["object"]> = fc.oneof(
  fc.constant({ kind: "organization", id: "o" } as const),
  fc.constantFrom(...stores).map((id) => ({ kind: "store", id }) as const),
  fc.constantFrom(...secrets).map(({ id }) => ({ kind: "secret", id }) as const),
  fc.constantFrom(...machines).map((id) => ({ kind: "machine", id }) as const),
);
const anyGrant: fc.Arbitrary<HeldGrant> = fc.record({
  object: anyObject,
  level: fc.constantFrom(...levels),
  group: fc.constantFrom(null, "g"),
});
const anyGrants = fc.array(anyGrant, { maxLength: 6 });

/** Who holds them: a person of some role, or a machine. */
const anyHolder: fc.Arbitrary<(grants: readonly HeldGrant[]) => Standing> = fc.constantFrom(
  ...roles.map(
    (role) =>
      (grants: readonly HeldGrant[]): Standing => ({ kind: "person", role, holdings: holdingsOf(grants) }),
  ),
  (grants: readonly HeldGrant[]): Standing => ({ kind: "machine", holdings: holdingsOf(grants) }),
);

const anyScope: fc.Arbitrary<Scope> = fc
  .record({
    action: fc.oneof(
      fc.constantFrom(...actions),
      fc.constantFrom("secret.*", "store.*", "grant.*", "machine.*"),
    ),
    storeId: fc.option(fc.constantFrom(...stores)),
    name: fc.option(fc.constantFrom("A", "B")),
  })
  .map((scope) => (scope.storeId === null ? { ...scope, name: null } : scope));
const anyScopes = fc.array(anyScope, { maxLength: 5 });
const anyStores = fc.subarray(stores);

type Narrowed = Pick<Authority, "scopes" | "stores">;
const anyNarrowing: fc.Arbitrary<Narrowed> = fc.record({
  scopes: fc.option(anyScopes),
  stores: fc.option(anyStores),
});

const anyRest = fc.record({ operator: fc.boolean(), membersCreate: fc.boolean() });
type Rest = Pick<Authority, "operator" | "membersCreate">;

function authorityOf(standing: Standing, narrowed: Narrowed, rest: Rest): Authority {
  return { principalId: "p", standing, ...narrowed, ...rest };
}

/** All that is allowed, and the stores that are listed. */
function reachOf(authority: Authority): Set<string> {
  const reach = new Set<string>();
  for (const action of actions) {
    for (const [at, target] of targets.entries()) {
      if (authorize(authority, action, target).allowed) reach.add(`${action} on ${at}`);
    }
    for (const storeId of storesFor(authority, action) ?? stores) reach.add(`${action} in ${storeId}`);
  }
  return reach;
}

function expectWithin(inner: Authority, outer: Authority): void {
  expect([...reachOf(inner).difference(reachOf(outer))]).toEqual([]);
}

const runs = { numRuns: 400 };

describe("grants are monotone", () => {
  test("one more never takes away, one less never gives, whoever holds them by whatever token", () => {
    const fewer = fc.tuple(anyGrants, anyGrant, anyHolder, anyNarrowing, anyRest);
    fc.assert(
      fc.property(fewer, ([grants, more, holder, narrowed, rest]) => {
        const without = authorityOf(holder(grants), narrowed, rest);
        expectWithin(without, authorityOf(holder([...grants, more]), narrowed, rest));
        expectWithin(without, authorityOf(holder([more, ...grants]), narrowed, rest));
      }),
      runs,
    );
  });

  test("a higher level never takes away", () => {
    const raised = fc.tuple(anyGrants, anyGrant, anyHolder, anyNarrowing, anyRest);
    fc.assert(
      fc.property(raised, ([grants, grant, holder, narrowed, rest]) => {
        const at = (level: HeldGrant["level"]) =>
          authorityOf(holder([...grants, { ...grant, level }]), narrowed, rest);
        expectWithin(at("read"), at("write"));
        expectWithin(at("write"), at("manage"));
      }),
      runs,
    );
  });

  test("no role takes away what grants give", () => {
    const both = fc.tuple(anyGrants, anyNarrowing, anyRest, fc.constantFrom(...roles));
    fc.assert(
      fc.property(both, ([grants, narrowed, rest, role]) => {
        const member: Standing = { kind: "person", role: "member", holdings: holdingsOf(grants) };
        const grantsAlone = authorityOf(member, narrowed, { ...rest, membersCreate: false });
        expectWithin(grantsAlone, authorityOf({ ...member, role }, narrowed, rest));
      }),
      runs,
    );
  });
});

describe("a token only narrows", () => {
  const anyone = fc.tuple(anyGrants, anyHolder, anyRest);

  test("scopes and stores never widen what its principal may", () => {
    fc.assert(
      fc.property(anyone, anyNarrowing, ([grants, holder, rest], narrowed) => {
        const standing = holder(grants);
        const whole = authorityOf(standing, { scopes: null, stores: null }, rest);
        expectWithin(authorityOf(standing, narrowed, rest), whole);
        expectWithin(authorityOf(standing, { ...narrowed, stores: null }, rest), whole);
      }),
      runs,
    );
  });

  test("one scope fewer, or one store fewer, never gives", () => {
    fc.assert(
      fc.property(anyone, anyScopes, anyScope, anyStores, ([grants, holder, rest], scopes, scope, list) => {
        const standing = holder(grants);
        const by = (narrowed: Narrowed) => authorityOf(standing, narrowed, rest);
        expectWithin(by({ scopes, stores: list }), by({ scopes: [...scopes, scope], stores: list }));
        expectWithin(by({ scopes, stores: list.slice(1) }), by({ scopes, stores: list }));
        expectWithin(by({ scopes, stores: [] }), by({ scopes, stores: list }));
      }),
      runs,
    );
  });
});

test("who may give a level holds every action of it there, through the token he gives it by", () => {
  fc.assert(
    fc.property(
      fc.tuple(anyGrants, anyHolder, anyNarrowing, anyRest),
      fc.constantFrom(...levels),
      ([grants, holder, narrowed, rest], level) => {
        const authority = authorityOf(holder(grants), narrowed, rest);
        for (const target of targets) {
          const { kind } = target;
          if (kind === "installation" || kind === "principal") continue;
          const held = [...actionsOf(kind, level)].every(
            (action) => authorize(authority, action, target).allowed,
          );
          expect(gives(authority, kind, target, level)).toBe(held);
        }
      },
    ),
    runs,
  );
});

function gives(
  authority: Authority,
  kind: Parameters<typeof demandLevel>[1],
  target: Target,
  level: HeldGrant["level"],
): boolean {
  try {
    demandLevel({ authority, addresses: null, expiresAt: null }, kind, target, level);
    return true;
  } catch (error) {
    if (error instanceof CofferError && error.code === "caller.denied") return false;
    throw error;
  }
}
