// What a dialect may do with tokens.
import type { Caller } from "../caller.ts";
import { callOf, read } from "../operation.ts";
import type { Directory } from "../organizations/directory.ts";
import type { Ref } from "../organizations/organization.ts";
import { type Page, pageOf } from "../pagination.ts";
import type { Context } from "../ports.ts";
import { revokeCurrentToken } from "./current.ts";
import { getToken, listTokens, revokeToken } from "./manage.ts";
import { mintToken, type Owner } from "./mint.ts";
import type { NewToken } from "./minting.ts";
import { type NarrowingRequest, parseNarrowing } from "./narrowing.ts";
import { getOwnToken, listOwnTokens, mintOwnToken, revokeOwnToken } from "./own.ts";
import { auditTarget } from "./target.ts";
import { parseTokenName, type Token } from "./token.ts";

export interface TokenRequest extends NarrowingRequest {
  readonly name: string;
}

/** The text of a new token beside what it is: shown now and never again. */
export interface NewlyMinted {
  readonly token: Token;
  readonly text: string;
}

/** Newest first. */
export interface TokenPageAsked {
  readonly before: string | null;
  readonly limit: number;
}

export interface TokenOperations {
  mint(caller: Caller, org: Ref, principal: Owner, request: TokenRequest): Promise<NewlyMinted>;
  get(caller: Caller, org: Ref, id: string): Promise<Token>;
  list(caller: Caller, org: Ref, page: TokenPageAsked): Promise<Page<Token>>;
  revoke(caller: Caller, org: Ref, id: string): Promise<void>;
  /** The very token of the call. */
  revokeCurrent(caller: Caller): Promise<void>;
  /** Of the caller himself, a person, over all his organizations. */
  readonly own: {
    mint(caller: Caller, request: TokenRequest): Promise<NewlyMinted>;
    get(caller: Caller, id: string): Promise<Token>;
    list(caller: Caller, page: TokenPageAsked): Promise<Page<Token>>;
    revoke(caller: Caller, id: string): Promise<void>;
  };
}

export function tokenOperations(ctx: Context, directory: Directory): TokenOperations {
  /** The new token without its text, which stays here, and its text. */
  const made = (kind: Owner["kind"], request: TokenRequest): { token: NewToken; text: string } => {
    const name = parseTokenName(request.name);
    const asked = parseNarrowing(request, { at: ctx.clock.now(), names: ctx.scopeNames });
    const id = ctx.ids.next();
    const { text, hash } = ctx.minting.token(kind, id);
    return { token: { id, hash, name, asked }, text };
  };
  const reading = <Q>(query: Q, id?: string) => {
    const target = auditTarget(id === undefined ? {} : { id });
    const where = id === undefined ? "scan" : "point";
    return { query, action: "token.read", target, where } as const;
  };
  const pageOfTokens = (rows: readonly Token[], limit: number) =>
    pageOf(rows, limit, ({ id }) => ({ key: id, id }));
  const ownCall = (caller: Caller) => ({ ...callOf(ctx, caller), organizationId: null });

  return {
    async mint(caller, org, principal, request) {
      const { token, text } = made(principal.kind, request);
      const target = auditTarget({ name: token.name });
      const { id } = await directory.locate(caller, org, "token.manage", target);
      const input = { ...callOf(ctx, caller), organizationId: id, token, principal };
      return { token: await ctx.database.execute(mintToken, input), text };
    },
    async get(caller, org, id) {
      const asked = reading(getToken, id);
      const { id: organizationId } = await directory.locate(caller, org, asked.action, asked.target);
      return read(ctx, asked, { ...callOf(ctx, caller), organizationId, id });
    },
    async list(caller, org, { before, limit }) {
      const asked = reading(listTokens);
      const { id: organizationId } = await directory.locate(caller, org, asked.action, asked.target);
      const input = { ...callOf(ctx, caller), organizationId, before, limit };
      return pageOfTokens(await read(ctx, asked, input), limit);
    },
    async revoke(caller, org, id) {
      const { id: organizationId } = await directory.locate(caller, org, "token.manage", auditTarget({ id }));
      await ctx.database.execute(revokeToken, { ...callOf(ctx, caller), organizationId, id });
    },
    async revokeCurrent(caller) {
      await ctx.database.execute(revokeCurrentToken, ownCall(caller));
    },
    own: {
      async mint(caller, request) {
        const { token, text } = made("person", request);
        return { token: await ctx.database.execute(mintOwnToken, { ...ownCall(caller), token }), text };
      },
      get: (caller, id) => read(ctx, reading(getOwnToken, id), { ...ownCall(caller), id }),
      async list(caller, { before, limit }) {
        const rows = await read(ctx, reading(listOwnTokens), { ...ownCall(caller), before, limit });
        return pageOfTokens(rows, limit);
      },
      async revoke(caller, id) {
        await ctx.database.execute(revokeOwnToken, { ...ownCall(caller), id });
      },
    },
  };
}
