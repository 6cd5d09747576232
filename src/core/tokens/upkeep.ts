// The server's own work on tokens: when each was last used, and forgetting those that ended. Neither
// changes what anybody may do, so no epoch rises and no revision moves.
import { limits } from "../limits.ts";
import type { Command } from "../ports.ts";

export interface TokenUse {
  readonly tokenId: string;
  readonly at: number;
}

export const recordUses: Command<readonly TokenUse[], null> = {
  name: "token.uses",
  run: async (tx, uses) => {
    for (const { tokenId, at } of uses) await tx.tokens.touch(tokenId, at);
    return null;
  },
};

/** A bounded number at once; answers how many, so that it is called until none is left. */
export const sweepTokens: Command<{ readonly at: number }, number> = {
  name: "token.sweep",
  run: async (tx, { at }) => {
    const until = at - limits.endedTokensKeptMs;
    const tokens = await tx.tokens.sweep(until, limits.sweptTokensMax);
    return tokens + (await tx.jobs.sweep(until, limits.sweptTokensMax));
  },
};
