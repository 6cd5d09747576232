// The decision as a table written by hand: what each role may do, and how a token narrows it.
import { describe, expect, test } from "vitest";
import { type Action, actions } from "./actions.ts";
import { type Authority, authorize, isScope, type Role, type Target } from "./authorize.ts";

const everything: readonly Action[] = actions.filter((action) => action !== "organization.create");
const allowed: Record<Role | "none", readonly Action[]> = {
  owner: everything,
  admin: everything,
  auditor: ["organization.read", "store.list", "store.read", "secret.list", "secret.read", "audit.read"],
  member: ["organization.read", "store.create"],
  none: [],
};

const here: Target = { kind: "secret", storeId: "here" };

function holding(role: Role | null, narrowed: Partial<Authority> = {}): Authority {
  return { role, operator: false, scopes: null, stores: null, ...narrowed };
}

describe("authorize", () => {
  for (const [name, may] of Object.entries(allowed)) {
    test(`${name}: exactly what the table says`, () => {
      const role = name === "none" ? null : (name as Role);
      expect(actions.filter((action) => authorize(holding(role), action, here).allowed)).toEqual(
        actions.filter((action) => may.includes(action)),
      );
    });
  }

  test("only an operator makes organizations, whatever his role", () => {
    const place: Target = { kind: "installation", storeId: null };
    expect(authorize(holding("owner"), "organization.create", place).allowed).toBe(false);
    expect(authorize(holding(null, { operator: true }), "organization.create", place).allowed).toBe(true);
  });

  test("an operator opens nothing by being one", () => {
    const operator = holding(null, { operator: true });
    expect(everything.filter((action) => authorize(operator, action, here).allowed)).toEqual([]);
  });

  test("scopes take away and never add", () => {
    for (const scope of ["secret.reveal", "secret.*", "store.list"]) {
      for (const role of ["owner", "auditor", "member", null] as const) {
        for (const action of actions) {
          const narrowed = authorize(holding(role, { scopes: [scope] }), action, here).allowed;
          const covered = scope === action || (scope === "secret.*" && action.startsWith("secret."));
          expect([scope, role, action, narrowed]).toEqual([
            scope,
            role,
            action,
            covered && authorize(holding(role), action, here).allowed,
          ]);
        }
      }
    }
  });

  test("no scope at all allows nothing", () => {
    expect(
      actions.filter((action) => authorize(holding("owner", { scopes: [] }), action, here).allowed),
    ).toEqual([]);
  });

  test("a token bound to stores reaches those alone, and finds its way to them", () => {
    const bound = holding("owner", { stores: ["here"] });
    expect(authorize(bound, "secret.reveal", here).allowed).toBe(true);
    expect(authorize(bound, "secret.reveal", { kind: "secret", storeId: "there" }).allowed).toBe(false);
    expect(authorize(bound, "store.list", { kind: "store", storeId: "there" }).allowed).toBe(false);
    const organization: Target = { kind: "organization", storeId: null };
    expect(authorize(bound, "organization.read", organization).allowed).toBe(true);
    for (const action of ["store.create", "secret.list", "audit.read", "organization.manage"] as const) {
      expect([action, authorize(bound, action, organization).allowed]).toEqual([action, false]);
    }
  });

  test.each(["secret.*", "secret.reveal", "store.*", "audit.read"])("%s is a scope", (scope) => {
    expect(isScope(scope)).toBe(true);
  });
  test.each(["", "*", ".*", "secret", "secret.", "sec.*", "secret.reveal.*", "Secret.*"])(
    "%j is none",
    (scope) => {
      expect(isScope(scope)).toBe(false);
    },
  );
});
