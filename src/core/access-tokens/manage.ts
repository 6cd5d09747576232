// A machine's access tokens as they are listed and revoked, by who manages it.
import { admit, changeAccess, permit } from "../access.ts";
import { noted } from "../audit/noted.ts";
import { machineNotFound } from "../machines/machine.ts";
import { permittedMachine } from "../machines/permitted.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import type { Query } from "../ports.ts";
import { auditTarget, tokensOfMachine } from "../tokens/target.ts";
import type { AccessToken } from "./access-token.ts";

interface OfMachine extends OrganizationCall {
  readonly machineId: string;
}

/** Names and ends of tokens are shown to who may see the machine; their secrets to nobody. */
export const listAccessTokens: Query<OfMachine, readonly AccessToken[]> = {
  name: "access-token.list",
  run: async (tx, input) => {
    await permittedMachine(tx, { ...input, id: input.machineId }, "machine.read");
    return tx.tokens.withPayload(input.organizationId, input.machineId, input.at);
  },
};

interface RevokeInput extends OfMachine {
  readonly ids: readonly string[];
}

/** Ids of other tokens are passed over, as those that are gone. */
export const revokeAccessTokens = mutation<RevokeInput, null>({
  name: "access-token.revoke",
  frees: true,
  action: "token.manage",
  target: () => auditTarget(),
  run: async (tx, input) => {
    const { organizationId, machineId, at } = input;
    const access = await admit(tx, input, { id: organizationId });
    const { because } = permit(access, "token.manage", tokensOfMachine(machineId), machineNotFound);
    // By their ids and not from the list: what it has no room for is revoked like the rest.
    const found = await tx.tokens.idsWithPayload(organizationId, machineId, input.ids);
    if (found.length === 0) return null;
    await changeAccess(tx, organizationId, access.epochs);
    const details = { change: "revoked", principal: { kind: "machine", id: machineId } };
    for (const id of found) {
      await tx.tokens.revoke(id, at);
      await noted(tx, input, { action: "token.manage", target: auditTarget({ id }), because, details });
    }
    return null;
  },
});
