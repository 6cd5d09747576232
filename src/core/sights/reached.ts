// The secrets that somebody reads: those of whole stores, by a filter, and those he holds one by one.
import type { Authority } from "../authorize.ts";
import type { ReadTransaction } from "../ports.ts";
import type { SecretFilter } from "../secrets/filter.ts";
import type { Secret } from "../secrets/secret.ts";

/** `storeIds`: null for every store. */
export function secretsIn(
  organizationId: string,
  storeIds: readonly string[] | null,
  state: SecretFilter["state"] = "active",
): SecretFilter {
  return { organizationId, storeIds, state, search: null, labels: [], consumersAnyOf: null };
}

/** Those that he holds one by one, beyond whole stores; whether they open for him is not looked at. */
export async function singleSecrets(
  tx: ReadTransaction,
  organizationId: string,
  { standing }: Authority,
  whole: readonly string[] | null,
): Promise<readonly Secret[]> {
  if (whole === null || (standing?.kind !== "person" && standing?.kind !== "machine")) return [];
  const held = await tx.secrets.getAll(organizationId, [...standing.holdings.secrets.keys()]);
  return held.filter((secret): secret is Secret => secret !== null && !whole.includes(secret.storeId));
}
