import { expect, test } from "vitest";
import { CofferError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import type { Credential, Database, Query } from "../core/ports.ts";
import { mintToken, parseToken, sameHash } from "../crypto/tokens.ts";
import { authenticator } from "./bearer.ts";
import { loginThrottle } from "./throttle.ts";

const id = "0198c2a0-0000-7000-8000-000000000001";
const minted = mintToken("machine", id);
const clock = { now: () => 1_000 };

function credential(token: Partial<Credential["token"]>): Credential {
  return {
    token: {
      id,
      organizationId: "o",
      principalKind: "machine",
      principalId: "m",
      name: "token",
      hash: minted.hash,
      scopes: null,
      reach: null,
      stores: null,
      addresses: null,
      expiresAt: null,
      revokedAt: null,
      trustId: null,
      lastUsedAt: null,
      createdAt: 0,
      ...token,
    },
    principal: {
      kind: "machine",
      id: "m",
      name: "M",
      organizationId: "o",
      email: null,
      operator: false,
      stores: null,
      job: null,
    },
  };
}

/** Why the token was not accepted; null: it was. */
function trying(token: Partial<Credential["token"]>) {
  const row: unknown = credential(token);
  const database: Pick<Database, "point"> = { point: async <I, O>(_: Query<I, O>) => row as O };
  const throttle = loginThrottle(clock);
  const { authenticate } = authenticator({
    database,
    clock,
    form: { parse: parseToken, same: sameHash },
    throttle,
  });
  return async (text: string | null, address: string | null): Promise<string | null> => {
    try {
      await authenticate(text, { dialect: "native", address, requestId: "r" });
      return null;
    } catch (error) {
      if (error instanceof CofferError) return `${error.code}: ${error.because}`;
      throw error;
    }
  };
}

test("a token is accepted only from its addresses, which is no failed login elsewhere", async () => {
  const from = trying({ addresses: ["192.0.2.0/24", "2001:db8::/32"] });
  for (let count = 0; count < 20; count += 1) {
    expect(await from(minted.text, "198.51.100.1")).toBe("caller.unauthenticated: elsewhere");
  }
  expect(await from(minted.text, "::ffff:192.0.2.7")).toBeNull();
  expect(await from(minted.text, "2001:db8::1")).toBeNull();
  expect(await from(minted.text, null)).toBe("caller.unauthenticated: elsewhere");
});

test("each reason is told to the trail, and only guesses are failed logins", async () => {
  const from = trying({ expiresAt: 1_000 });
  expect(await from(null, null)).toBe("caller.unauthenticated: missing");
  expect(await from("nonsense", null)).toBe("caller.unauthenticated: malformed");
  for (let count = 0; count < 20; count += 1) {
    expect(await from(minted.text, null)).toBe("caller.unauthenticated: ended");
  }
  const wrong = mintToken("machine", id).text;
  for (let count = 0; count < 10; count += 1) {
    expect(await from(wrong, null)).toBe("caller.unauthenticated: wrong");
  }
  expect(await from(wrong, null)).toBe("caller.throttled: throttled");
  expect(await from(minted.text, null)).toBe("caller.throttled: throttled");
  expect(await from(minted.text, "192.0.2.7")).toBe("caller.unauthenticated: ended");
});

test("who was renamed is called by his new name within seconds, and looked up no more often", async () => {
  let [name, lookedUp, at] = ["M", 0, 1_000];
  const database: Pick<Database, "point"> = {
    point: async <I, O>(_: Query<I, O>) => {
      lookedUp += 1;
      const found = credential({ expiresAt: null });
      return { ...found, principal: { ...found.principal, name } } as O;
    },
  };
  const held = { now: () => at };
  const { authenticate } = authenticator({
    database,
    clock: held,
    form: { parse: parseToken, same: sameHash },
    throttle: loginThrottle(held),
  });
  const named = async () =>
    (await authenticate(minted.text, { dialect: "native", address: null, requestId: "r" })).name;
  expect(await named()).toBe("M");
  name = "N";
  at += limits.credentialKeptMs - 1;
  expect([await named(), lookedUp]).toEqual(["M", 1]);
  at += 1;
  expect([await named(), await named(), lookedUp]).toEqual(["N", "N", 2]);
  // A clock that is set back keeps nothing for longer.
  at -= 60_000;
  expect([await named(), lookedUp]).toEqual(["N", 3]);
});
