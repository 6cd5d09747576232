// Opening what was read from the tables a moment ago. A rotation may have sealed it anew since and
// destroyed the older key; the version is still the same value, so only its bytes are read again.
import { CofferError } from "../errors.ts";
import type { Address, Context, Query } from "../ports.ts";

export const sealedNow: Query<{ readonly versionId: string }, Uint8Array | null> = {
  name: "version.sealed",
  run: (tx, { versionId }) => tx.secrets.sealedOf(versionId),
};

/** Does `work` with the bytes in hand, or with those that lie there now if these do not open. */
export async function withStored<T>(
  { database }: Pick<Context, "database">,
  { versionId }: Address,
  sealed: Uint8Array,
  work: (sealed: Uint8Array) => Promise<T>,
): Promise<T> {
  try {
    return await work(sealed);
  } catch (error) {
    if (!(error instanceof CofferError) || error.code !== "value.integrity") throw error;
    const now = await database.point(sealedNow, { versionId });
    if (now === null || Buffer.compare(now, sealed) === 0) throw error;
    return await work(now);
  }
}
