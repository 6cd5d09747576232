// A person's own tokens over all his organizations. Only he makes, sees and revokes them, and only by
// one of them: what is bound to one organization reaches no other.
import { type Call, permitPerson } from "../access.ts";
import { demandNarrower } from "../confer.ts";
import { entryOf, mutation } from "../operation.ts";
import type { Query, ReadTransaction, Transaction } from "../ports.ts";
import { detailsOf, type NewToken, recordOf } from "./minting.ts";
import { placeless } from "./narrowing.ts";
import { auditTarget } from "./target.ts";
import { type Token, tokenNotFound, tokenOf } from "./token.ts";

interface OwnCall extends Call {
  readonly organizationId: null;
}

interface MintInput extends OwnCall {
  readonly token: NewToken;
}

export const mintOwnToken = mutation<MintInput, Token>({
  name: "token.mint-own",
  action: "token.manage",
  target: ({ token }) => auditTarget({ name: token.name }),
  run: async (tx, input) => {
    // First, so that the very credential cannot be revoked in between.
    await tx.access.raiseInstallationEpoch();
    const { credential, because } = await permitPerson(tx, input, "token.manage");
    const { token: minting, principal } = credential;
    const { kind, id, name } = principal;
    const record = recordOf(input, null, principal, placeless(input.token.asked));
    demandNarrower(
      {
        authority: { scopes: minting.reach, stores: minting.stores, standing: null },
        addresses: minting.addresses,
        expiresAt: minting.expiresAt,
      },
      record,
    );
    await tx.access.insertToken(record);
    const token = tokenOf(record, { kind, id, name });
    await told(tx, input, token, because, detailsOf(token));
    return token;
  },
});

interface OneInput extends OwnCall {
  readonly id: string;
}

export const revokeOwnToken = mutation<OneInput, null>({
  name: "token.revoke-own",
  frees: true,
  action: "token.manage",
  target: ({ id }) => auditTarget({ id }),
  run: async (tx, input) => {
    await tx.access.raiseInstallationEpoch();
    const { credential, because } = await permitPerson(tx, input, "token.manage");
    const token = await ownToken(tx, credential.principal.id, input.id);
    if (!(await tx.tokens.revoke(token.id, input.at))) throw tokenNotFound();
    await told(tx, input, token, because, { change: "revoked" });
    return null;
  },
});

async function told(
  tx: Transaction,
  call: OwnCall,
  token: Token,
  because: string,
  details: ReturnType<typeof detailsOf> | { readonly change: "revoked" },
): Promise<void> {
  await tx.audit.append(
    entryOf(call, {
      organizationId: null,
      action: "token.manage",
      target: auditTarget(token),
      outcome: "allowed",
      because,
      details,
    }),
  );
}

export const getOwnToken: Query<OneInput, Token> = {
  name: "token.get-own",
  run: async (tx, input) => {
    const { credential } = await permitPerson(tx, input, "token.read");
    return ownToken(tx, credential.principal.id, input.id);
  },
};

async function ownToken(tx: ReadTransaction, personId: string, id: string): Promise<Token> {
  const token = await tx.tokens.find(id);
  if (token === null || token.organizationId !== null || token.principal.id !== personId)
    throw tokenNotFound();
  return token;
}

interface ListInput extends OwnCall {
  /** The id before which the page begins. */
  readonly before: string | null;
  readonly limit: number;
}

export const listOwnTokens: Query<ListInput, readonly Token[]> = {
  name: "token.list-own",
  run: async (tx, input) => {
    const { credential } = await permitPerson(tx, input, "token.read");
    const of = { organizationId: null, principals: [credential.principal.id] };
    return tx.tokens.list(of, { before: input.before, limit: input.limit + 1 });
  },
};
