// Minting in one organization. Tokens for a person are made by that person alone, those for a machine
// or a service by who manages it and holds what they will do; machines and services mint nothing.
import { type Access, admit, changeAccess, permit, principalNotFound } from "../access.ts";
import { noted } from "../audit/noted.ts";
import { authorize, type Target } from "../authorize.ts";
import type { Actor } from "../caller.ts";
import { demandNarrower, notHeld } from "../confer.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import type { Principal, Transaction } from "../ports.ts";
import { detailsOf, type NewToken, recordOf } from "./minting.ts";
import { resolveNarrowing } from "./narrowing.ts";
import { anyTokens, auditTarget, denied, ownTokens, tokensOfMachine } from "./target.ts";
import { type Token, tokenOf } from "./token.ts";

export interface Owner {
  readonly kind: "person" | "machine" | "service";
  readonly id: string;
}

interface MintInput extends OrganizationCall {
  readonly token: NewToken;
  readonly principal: Owner;
}

export const mintToken = mutation<MintInput, Token>({
  name: "token.mint",
  action: "token.manage",
  target: ({ token }) => auditTarget({ name: token.name }),
  run: async (tx, input) => {
    const { organizationId } = input;
    const access = await admit(tx, input, { id: organizationId });
    demandPerson(access);
    const narrowed = await resolveNarrowing(tx, access, input.token.asked);
    const { principal, because } = await permitMinting(tx, access, input.principal, narrowed.stores);
    demandNarrower(access, narrowed);
    const record = recordOf(input, organizationId, principal, narrowed);
    await changeAccess(tx, organizationId, access.epochs);
    await tx.access.insertToken(record);
    const token = tokenOf(record, principal);
    const details = detailsOf(token);
    await noted(tx, input, { action: "token.manage", target: auditTarget(token), because, details });
    return token;
  },
});

function demandPerson({ authority: { standing } }: Access): void {
  if (standing?.kind !== "person") throw denied(`${standing?.kind ?? "nobody"}: mints no tokens`);
}

/** `stores` are those that the token will be bound to. */
async function permitMinting(
  tx: Transaction,
  access: Access,
  { kind, id }: Owner,
  stores: readonly string[] | null,
): Promise<{ readonly principal: Actor; readonly because: string }> {
  if (kind === "person") {
    if (id !== access.authority.principalId)
      throw notHeld("tokens for a person are made by that person alone");
    const because = permitWithin(access, stores, ownTokens, denied);
    return { principal: actorOf(await foundPrincipal(tx, access, kind, id)), because };
  }
  const target = kind === "machine" ? tokensOfMachine(id) : anyTokens;
  const because = permitWithin(access, stores, target, principalNotFound);
  const found = await foundPrincipal(tx, access, kind, id);
  if (kind === "service") demandValuesOf(access, stores ?? found.stores);
  return { principal: actorOf(found), because };
}

/**
 * A token for stores is made in these, so that one that is bound to them makes others as narrow. Of a store
 * that the caller may not know of nothing was resolved.
 */
function permitWithin(
  access: Access,
  stores: readonly string[] | null,
  target: Target,
  hidden: typeof denied,
): string {
  const storeId = stores?.[0] ?? null;
  return permit(access, "token.manage", { ...target, storeId }, hidden).because;
}

/** A service reveals whatever lists it: who speaks for it must be able to reveal all of that himself. */
function demandValuesOf(access: Access, stores: readonly string[] | null): void {
  for (const storeId of stores ?? [null]) {
    const { allowed, because } = authorize(access.authority, "secret.reveal", { kind: "store", storeId });
    if (!allowed) throw notHeld(`${because} (to speak for a service)`);
  }
}

async function foundPrincipal(
  tx: Transaction,
  access: Access,
  kind: Owner["kind"],
  id: string,
): Promise<Principal> {
  const found = await tx.access.principal(kind, id);
  const here = found !== null && (kind === "person" || found.organizationId === access.organization.id);
  if (!here) throw principalNotFound();
  return found;
}

function actorOf({ kind, id, name }: Principal): Actor {
  return { kind, id, name };
}
