// From the domain to this wire: total functions, literal names. A value is in none of them.
import type { Actor } from "../../core/caller.ts";
import type { Secret } from "../../core/secrets/secret.ts";

interface Account {
  readonly id: string;
}

/** `location`: where another backend keeps its value; null where the database does. */
export function secret(it: Secret, account: Account, location: string | null) {
  return {
    id: it.id,
    account_id: account.id,
    cloud_secret_path: location ?? `coffer/accounts/${account.id}/secrets/${it.id}`,
    created_at: time(it.createdAt),
    created_by: identity(it.createdBy),
    key: it.name,
    ...(it.description === null ? {} : { description: it.description }),
    object: "sgp_cloud_secret",
    ...(it.updatedAt === null ? {} : { updated_at: time(it.updatedAt) }),
    ...(it.updatedBy === null ? {} : { updated_by: it.updatedBy.id }),
  };
}

/** Its clients take these two types and no other. */
function identity({ kind, id }: Actor) {
  return { id, type: kind === "person" ? "user" : "service_account", object: "identity" };
}

function time(at: number): string {
  return new Date(at).toISOString();
}

export interface ListParts {
  readonly account: Account;
  readonly hasMore: boolean;
  readonly total: number;
  readonly limit: number;
  location(secret: Secret): string | null;
}

export function secrets(items: readonly Secret[], { account, hasMore, total, limit, location }: ListParts) {
  return {
    items: items.map((item) => secret(item, account, location(item))),
    has_more: hasMore,
    total,
    limit,
    object: "list",
  };
}
