// What an audit entry vouches for, so that the tables can be compared with the trail: an edited
// row, an exchanged ciphertext or a revived secret shows.
import { hash } from "node:crypto";
import type { Secret } from "./secret.ts";

export function secretDigest(secret: Secret, sealed: Uint8Array | null): string {
  return hash(
    "sha256",
    JSON.stringify([
      "coffer/secret-digest/1",
      secret.id,
      secret.name,
      secret.policy,
      secret.consumers,
      secret.version,
      secret.state,
      sealed === null ? null : hash("sha256", sealed, "hex"),
    ]),
    "hex",
  );
}
