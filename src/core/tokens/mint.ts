// Minting in one organization. Tokens for a person are made by that person alone, those for a machine
// or a service by who manages it and holds what they will do; machines and services mint nothing.
import { type Access, admit, changeAccess, permit, principalNotFound } from "../access.ts";
import { noted } from "../audit/noted.ts";
import { authorize } from "../authorize.ts";
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
    const { principal, because } = await permitMinting(tx, access, input.principal);
    const narrowed = await resolveNarrowing(tx, access, input.token.asked);
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

async function permitMinting(
  tx: Transaction,
  access: Access,
  { kind, id }: Owner,
): Promise<{ readonly principal: Actor; readonly because: string }> {
  const { standing, principalId } = access.authority;
  if (standing?.kind !== "person") throw denied(`${standing?.kind ?? "nobody"}: mints no tokens`);
  if (kind === "person") {
    if (id !== principalId) throw notHeld("tokens for a person are made by that person alone");
    const { because } = permit(access, "token.manage", ownTokens, denied);
    return { principal: actorOf(await foundPrincipal(tx, access, kind, id)), because };
  }
  const target = kind === "machine" ? tokensOfMachine(id) : anyTokens;
  const decision = permit(access, "token.manage", target, principalNotFound);
  const found = await foundPrincipal(tx, access, kind, id);
  if (kind === "service") demandValuesOf(access, found);
  return { principal: actorOf(found), because: decision.because };
}

/** A service reveals whatever lists it: who speaks for it must be able to reveal all of that himself. */
function demandValuesOf(access: Access, { stores }: Principal): void {
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
