// Whoever gives a grant holds all that it gives, through the very credential he uses.
import type { Access } from "../access.ts";
import { demandLevel, demandWholeOfMachine } from "../confer.ts";
import type { ReadTransaction } from "../ports.ts";
import type { Grant } from "./grant.ts";
import { findObject } from "./object.ts";

export async function demandGrant(
  tx: ReadTransaction,
  access: Access,
  { object, level }: Pick<Grant, "object" | "level">,
): Promise<void> {
  const found = await findObject(tx, access, object);
  // On what is gone nobody holds anything.
  if (found === null) return;
  demandLevel(access, object.kind, found.target, level);
  if (object.kind === "machine" && level === "manage") demandWholeOfMachine(access);
}
