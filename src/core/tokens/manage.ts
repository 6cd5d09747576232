// Tokens of one organization as they are seen and revoked: everybody's own, a machine's by who manages
// it, all others by who may manage tokens.
import { type Access, admit, changeAccess } from "../access.ts";
import { noted } from "../audit/noted.ts";
import { authorize } from "../authorize.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import type { Query, ReadTransaction } from "../ports.ts";
import {
  anyTokens,
  auditTarget,
  denied,
  ownTokens,
  permitToken,
  targetOfToken,
  tokensOfMachine,
} from "./target.ts";
import { type Token, tokenNotFound } from "./token.ts";

interface OneInput extends OrganizationCall {
  readonly id: string;
}

export const revokeToken = mutation<OneInput, null>({
  name: "token.revoke",
  frees: true,
  action: "token.manage",
  target: ({ id }) => auditTarget({ id }),
  run: async (tx, input) => {
    const { organizationId, at } = input;
    const access = await admit(tx, input, { id: organizationId });
    const token = await tokenHere(tx, organizationId, input.id);
    const target = await targetOfToken(tx, access, token);
    const { because } = permitToken(access, "token.manage", target);
    await changeAccess(tx, organizationId, access.epochs);
    if (!(await tx.tokens.revoke(token.id, at))) throw tokenNotFound();
    const { kind, id } = token.principal;
    const details = { change: "revoked", principal: { kind, id } };
    await noted(tx, input, { action: "token.manage", target: auditTarget(token), because, details });
    return null;
  },
});

export const getToken: Query<OneInput, Token> = {
  name: "token.get",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const token = await tokenHere(tx, input.organizationId, input.id);
    permitToken(access, "token.read", await targetOfToken(tx, access, token));
    return token;
  },
};

/** Tokens over all organizations of a person lie in none. */
async function tokenHere(tx: ReadTransaction, organizationId: string, id: string): Promise<Token> {
  const token = await tx.tokens.find(id);
  if (token === null || token.organizationId !== organizationId) throw tokenNotFound();
  return token;
}

interface ListInput extends OrganizationCall {
  /** The id before which the page begins. */
  readonly before: string | null;
  readonly limit: number;
}

export const listTokens: Query<ListInput, readonly Token[]> = {
  name: "token.list",
  run: async (tx, input) => {
    const { organizationId, before, limit } = input;
    const access = await admit(tx, input, { id: organizationId });
    return tx.tokens.list(
      { organizationId, principals: listedPrincipals(access) },
      { before, limit: limit + 1 },
    );
  },
};

/** Whose tokens the caller may list; null: everybody's. */
function listedPrincipals({ authority }: Access): readonly string[] | null {
  const { standing, principalId } = authority;
  if (authorize(authority, "token.read", anyTokens).allowed) return null;
  const own = authorize(authority, "token.read", ownTokens);
  if (!own.allowed) throw denied(own.because);
  const held =
    standing?.kind === "person" || standing?.kind === "machine" ? [...standing.holdings.machines.keys()] : [];
  const managed = held.filter((id) => authorize(authority, "token.read", tokensOfMachine(id)).allowed);
  return [principalId, ...managed];
}
