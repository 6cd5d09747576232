// Minting an access token: a token of a machine like others, by who manages it, with a payload beside it.
import { admit, changeAccess, permit } from "../access.ts";
import { noted } from "../audit/noted.ts";
import { demandNarrower } from "../confer.ts";
import { quotaExceeded } from "../errors.ts";
import { limits } from "../limits.ts";
import { machineNotFound } from "../machines/machine.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import type { TokenRecord } from "../ports.ts";
import { demandCustody } from "../secrets/secret.ts";
import { auditTarget, tokensOfMachine } from "../tokens/target.ts";
import { parseTokenName, unnarrowed } from "../tokens/token.ts";
import { type AccessToken, demandFuture } from "./access-token.ts";

interface MintInput extends OrganizationCall {
  readonly machineId: string;
  readonly id: string;
  readonly name: string;
  readonly hash: Uint8Array;
  readonly payload: string;
  readonly expiresAt: number | null;
  /** The client made name and payload (client custody). */
  readonly opaque: boolean;
}

export const mintAccessToken = mutation<MintInput, AccessToken>({
  name: "access-token.mint",
  action: "token.manage",
  target: ({ id }) => auditTarget({ id }),
  run: async (tx, input) => {
    const { organizationId, machineId, at, id, hash, expiresAt } = input;
    const access = await admit(tx, input, { id: organizationId });
    const { because } = permit(access, "token.manage", tokensOfMachine(machineId), machineNotFound);
    const machine = await tx.machines.find(organizationId, machineId);
    if (machine === null) throw machineNotFound();
    demandCustody(access.organization.custody, input.opaque);
    demandFuture(expiresAt, at);
    const record: TokenRecord = {
      ...unnarrowed,
      id,
      organizationId,
      principalKind: "machine",
      principalId: machineId,
      name: parseTokenName(input.name),
      hash,
      expiresAt,
      revokedAt: null,
      createdAt: at,
    };
    demandNarrower(access, record);
    await changeAccess(tx, organizationId, access.epochs);
    // Behind the line above, where nobody else mints one. Those that ended are no longer in its way.
    const most = limits.accessTokensOfMachineMax;
    if ((await tx.tokens.countWithPayload(organizationId, machineId, at)) >= most)
      throw quotaExceeded("access tokens of one machine", most);
    await tx.access.insertToken(record);
    await tx.tokens.putPayload(id, input.payload);
    const details = { change: "minted", principal: { kind: "machine", id: machineId }, expiresAt };
    const name = input.opaque ? {} : { name: record.name };
    await noted(tx, input, {
      action: "token.manage",
      target: auditTarget({ id, ...name }),
      because,
      details,
    });
    return { id, organizationId, machineId, name: record.name, expiresAt, createdAt: at };
  },
});
