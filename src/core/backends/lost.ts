// What is written down where a value is not in its backend, or is not what was put there.
import type { Call } from "../access.ts";
import type { Address } from "../keys/keyring.ts";
import { entryOf } from "../operation.ts";
import type { Command } from "../ports.ts";

interface LostInput extends Call {
  readonly address: Address;
  readonly backend: string;
  readonly code: "value.missing" | "value.integrity";
}

export const recordLoss: Command<LostInput, null> = {
  name: "backend.lost",
  run: async (tx, input) => {
    const { address, backend, code } = input;
    const { organizationId, secretId, versionId } = address;
    const secret = await tx.secrets.get(organizationId, secretId);
    await tx.audit.append(
      entryOf(input, {
        organizationId,
        action: "backend.check",
        target: { kind: "secret", id: secretId, name: null, storeId: secret?.storeId ?? null },
        outcome: "failed",
        because: code,
        details: { backend, versionId },
      }),
    );
    return null;
  },
};
