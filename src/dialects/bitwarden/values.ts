// The values of secrets, wherever they lie: asked for store by store, each disclosure audited.
import type { Plaintext } from "../../core/plaintext.ts";
import type { SecretSight } from "../../core/sights/sight.ts";
import type { Opened } from "./present.ts";
import type { Place, Site } from "./route.ts";

/** Revealed together: at most this many of the longest values lie in memory at once. */
const together = 500;

/** Null for what went away or out of reach since it was seen. */
export async function valuesOf(
  { operations }: Site,
  { caller, org, wire }: Place,
  sights: readonly SecretSight[],
): Promise<readonly (Opened | null)[]> {
  const found = new Map<string, { readonly value: Plaintext; readonly secret: SecretSight["secret"] }>();
  const byStore = Map.groupBy(sights, ({ secret }) => secret.storeId);
  for (const [storeId, there] of byStore) {
    for (let from = 0; from < there.length; from += together) {
      const refs = there.slice(from, from + together).map(({ secret }) => ({ id: secret.id }));
      const store = { id: storeId };
      const items = await operations.secrets.revealAll(caller, org, store, refs, { opaque: wire.opaque });
      for (const { revealed } of items) {
        if (revealed !== null && revealed.value !== null)
          found.set(revealed.secret.id, { value: revealed.value, secret: revealed.secret });
      }
    }
  }
  return sights.map((sight) => {
    const opened = found.get(sight.secret.id);
    if (opened === undefined) return null;
    return { sight: { ...sight, secret: opened.secret }, value: opened.value.reveal() };
  });
}
