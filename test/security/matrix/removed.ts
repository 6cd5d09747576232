// What stands for three checks of access while removals.ts has taken them away: everybody is let in, as an
// owner, and however his credential ended.
import type { Access, Call } from "../../../src/core/access.ts";
import type { Ref } from "../../../src/core/organizations/organization.ts";
import type { ReadTransaction } from "../../../src/core/ports.ts";

export async function admit(tx: ReadTransaction, call: Call, ref: Ref): Promise<Access> {
  const organization = await tx.organizations.find(ref);
  if (organization === null) throw new Error("no such organization");
  const none = { organization: null, stores: new Map(), secrets: new Map(), machines: new Map() };
  return {
    organization,
    authority: {
      principalId: call.caller.id,
      standing: { kind: "person", role: "owner", holdings: none },
      operator: false,
      membersCreate: true,
      scopes: null,
      stores: null,
    },
    epochs: await tx.access.epochs(organization.id),
    expiresAt: null,
    addresses: null,
  };
}

export async function liveCredential(tx: ReadTransaction, { caller: { tokenId } }: Call) {
  const credential = tokenId === null ? null : await tx.access.credential(tokenId);
  if (credential === null) throw new Error("no such credential");
  return credential;
}

export async function permitPerson(tx: ReadTransaction, call: Call) {
  return { credential: await liveCredential(tx, call), allowed: true, because: "removed" };
}

/** Checks whose absence no test can show, and why they stay. By name, file and line of text. */
export const kept: ReadonlyMap<string, string> = new Map([
  [
    "form.same in src/auth/bearer.ts: form.same(token.hash, new Uint8Array(token.hash.length)); // an unknown id costs the same compare",
    "It refuses nobody: it spends the time of a compare, so that an id cannot be guessed by the clock.",
  ],
  [
    "liveCredential in src/core/preflight.ts: demandCredential(await liveCredential(tx, input), input);",
    "Where an organization is named its admission has asked already; here it finds the token's scopes.",
  ],
  [
    `authorize in src/core/sights/places.ts: const all = authorize(authority, "machine.read", everyMachine).allowed;`,
    "It decides which rows are read; each is then asked about by itself.",
  ],
]);
