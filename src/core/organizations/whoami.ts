// Who a credential speaks for, told to whoever holds it.
import { type Call, liveCredential } from "../access.ts";
import type { Query, TokenRecord } from "../ports.ts";

export interface Whoami {
  readonly principal: {
    readonly kind: string;
    readonly id: string;
    readonly name: string;
    readonly email: string | null;
  };
  readonly organization: { readonly id: string; readonly slug: string } | null;
  readonly scopes: readonly string[] | null;
  readonly operator: boolean;
  readonly token: Pick<TokenRecord, "id" | "name" | "createdAt" | "expiresAt">;
}

export const whoami: Query<Call, Whoami> = {
  name: "whoami",
  run: async (tx, input) => {
    const { token, principal } = await liveCredential(tx, input);
    const bound =
      token.organizationId === null ? null : await tx.organizations.find({ id: token.organizationId });
    const { kind, id, name, email } = principal;
    const { createdAt, expiresAt } = token;
    return {
      principal: { kind, id, name, email },
      organization: bound && { id: bound.id, slug: bound.slug },
      scopes: token.scopes,
      // As `permitOperator` decides: by a token over all organizations alone.
      operator: principal.operator && token.organizationId === null,
      token: { id: token.id, name: token.name, createdAt, expiresAt },
    };
  },
};
