// From the domain to this wire: total functions, literal names. A value is in one of them alone.

import { CofferError } from "../../core/errors.ts";
import type { Organization } from "../../core/organizations/organization.ts";
import type { Whoami } from "../../core/organizations/whoami.ts";
import type { OwnMembership } from "../../core/people/memberships.ts";
import type { Person } from "../../core/people/person.ts";
import type { Revealed } from "../../core/secrets/revealing.ts";
import { type Secret, visibleStatus } from "../../core/secrets/secret.ts";
import type { Store } from "../../core/stores/store.ts";
import type { PageAsked } from "./lists.ts";
import { wireId } from "./places.ts";

const good = { success: true, errors: [], messages: [] } as const;

export function done<T>(result: T) {
  return { ...good, result };
}

export function listed<T>(items: readonly T[], { page, perPage }: PageAsked, total: number) {
  const result_info = {
    page,
    per_page: perPage,
    count: items.length,
    total_count: total,
    total_pages: Math.ceil(total / perPage),
  };
  return { ...good, result: items, result_info };
}

function time(at: number): string {
  return new Date(at).toISOString();
}

export function store({ id, name, createdAt, updatedAt, organizationId }: Store) {
  return {
    id: wireId(id),
    name,
    created: time(createdAt),
    modified: time(updatedAt ?? createdAt),
    account_id: wireId(organizationId),
  };
}

export function secret({ id, storeId, name, description, consumers, state, createdAt, updatedAt }: Secret) {
  return {
    id: wireId(id),
    store_id: wireId(storeId),
    name,
    comment: description,
    // Clients hold the order against their configuration's: it is always the same.
    scopes: [...new Set(consumers ?? [])].sort(),
    status: visibleStatus(state) === "pending" ? "pending" : "active",
    created: time(createdAt),
    modified: time(updatedAt ?? createdAt),
  };
}

export function value({
  secret: { id, name, storeId, createdAt, updatedAt },
  version,
  value: opened,
}: Revealed) {
  if (opened === null) throw new CofferError("internal", "A revealed value is missing.");
  return {
    id: wireId(id),
    name,
    store_id: wireId(storeId),
    value: opened.reveal(),
    version,
    modified: time(updatedAt ?? createdAt),
  };
}

/** What is shown of no limit: clients want a number. */
const quotaUnlimited = 1_000_000;

export function quota({ limits, usage }: Organization) {
  return { secrets: { quota: limits.secrets ?? quotaUnlimited, usage: usage.secrets } };
}

export function verified({ token: { id, expiresAt } }: Whoami) {
  const message = { code: 10000, message: "This API Token is valid and active", type: null };
  const ends = expiresAt === null ? {} : { expires_on: time(expiresAt) };
  return { ...done({ id: wireId(id), status: "active", ...ends }), messages: [message] };
}

export function user({ id, email }: Person) {
  return { id: wireId(id), email };
}

export function account({ id, name, createdAt }: Organization) {
  return { id: wireId(id), name, type: "standard", created_on: time(createdAt) };
}

export function membership({ id, organization, ...holds }: OwnMembership) {
  return {
    id: wireId(id),
    status: "accepted",
    account: { id: wireId(organization.id), name: organization.name },
    roles: rolesOf(holds),
  };
}

/** The nearest of the service's roles. Who holds single stores alone has none of them. */
function rolesOf({ role, level }: Pick<OwnMembership, "role" | "level">): readonly string[] {
  if (role === "owner" || role === "admin") return ["Super Administrator"];
  if (level === "write" || level === "manage") return ["Secrets Store Admin"];
  return level === "read" || role === "auditor" ? ["Secrets Store Reporter"] : [];
}
