// Objects of the API as text for a person, where more than one command shows them.
import { fields } from "./output.ts";
import type { Secret } from "./wire.ts";

export function describeSecret(secret: Secret): string {
  const pairs = (map: Readonly<Record<string, string>> | null) =>
    map === null
      ? null
      : Object.entries(map)
          .map(([key, value]) => `${key}=${value}`)
          .join(", ");
  return fields([
    ["name", secret.name],
    ["id", secret.id],
    ["store", secret.storeId],
    ["status", secret.status],
    ["version", secret.version],
    ["description", secret.description],
    ["consumers", secret.consumers?.join(", ")],
    ["labels", pairs(secret.labels)],
    ["annotations", pairs(secret.annotations)],
    ["policy", secret.policy],
    ["created", `${secret.createdAt} by ${secret.createdBy?.name ?? "-"}`],
    ["updated", secret.updatedAt === null ? null : `${secret.updatedAt} by ${secret.updatedBy?.name ?? "-"}`],
    ["last read", secret.lastReadAt],
    ["expires", secret.expiresAt],
    ["revision", secret.revision],
  ]);
}
