// What authentication looks up. Whether a credential still stands is asked again by every body.
import type { Credential, Query } from "./ports.ts";

export const findCredential: Query<{ tokenId: string }, Credential | null> = {
  name: "credential.find",
  run: (tx, { tokenId }) => tx.access.credential(tokenId),
};
