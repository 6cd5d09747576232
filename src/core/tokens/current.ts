// The token of the call itself: whoever holds it may end it, however narrow it is.
import { type Call, liveCredential } from "../access.ts";
import { entryOf, mutation } from "../operation.ts";
import { auditTarget } from "./target.ts";
import { tokenNotFound } from "./token.ts";

interface CurrentInput extends Call {
  readonly organizationId: null;
}

export const revokeCurrentToken = mutation<CurrentInput, null>({
  name: "token.revoke-current",
  frees: true,
  action: "token.manage",
  target: ({ caller }) => auditTarget(caller.tokenId === null ? {} : { id: caller.tokenId }),
  run: async (tx, input) => {
    const { token } = await liveCredential(tx, input);
    if (token.organizationId === null) await tx.access.raiseInstallationEpoch();
    else await tx.access.raiseEpoch(token.organizationId);
    if (!(await tx.tokens.revoke(token.id, input.at))) throw tokenNotFound();
    await tx.audit.append(
      entryOf(input, {
        organizationId: token.organizationId,
        action: "token.manage",
        target: auditTarget(token),
        outcome: "allowed",
        because: "the credential itself",
        details: { change: "revoked" },
      }),
    );
    return null;
  },
});
