// A machine: a principal without a person. What it may are its grants alone.
import type { AuditTarget } from "../audit/entry.ts";
import type { Target } from "../authorize.ts";
import type { Actor } from "../caller.ts";
import { CofferError, invalid } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Custody } from "../organizations/organization.ts";
import { parseText } from "../text.ts";

export interface Machine {
  readonly id: string;
  readonly organizationId: string;
  readonly name: string;
  readonly createdAt: number;
  readonly createdBy: Actor;
  /** When it was last renamed, or given or denied something. */
  readonly changedAt: number;
}

export function machineTarget({ id }: Pick<Machine, "id">): Target {
  return { kind: "machine", storeId: null, machineId: id };
}

/** No machine has this id: what is allowed on it is allowed on each. */
export const everyMachine: Target = machineTarget({ id: "" });

export function parseMachineName(text: string, custody: Custody): string {
  if (custody === "server")
    return parseText("name", text, { min: 1, max: limits.principalNameCharactersMax });
  // Ciphertext as its clients write it; an index row could not hold as many wider characters.
  if (!/^[!-~]+$/.test(text)) throw invalid("name", "must be a string that its client has sealed");
  return parseText("name", text, { min: 1, max: limits.clientNameCharactersMax });
}

export function machineAuditTarget(
  custody: Custody,
  { id, name }: { readonly id: string | null; readonly name: string | null },
): AuditTarget {
  return { kind: "machine", id, name: custody === "client" ? null : name, storeId: null };
}

export function machineNotFound(because?: string): CofferError {
  return new CofferError(
    "machine.not_found",
    "No such machine, or none that this credential may see.",
    {},
    because === undefined ? {} : { because },
  );
}
