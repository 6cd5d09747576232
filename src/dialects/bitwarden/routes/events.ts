// The audit trail as this service shows it: what was done by a machine account, to a secret or a project.
// For who may read the trail.
import type { StoredEntry } from "../../../core/audit/entry.ts";
import { decodeCursor, encodeCursor } from "../../../core/pagination.ts";
import { instant } from "../../../http/queries.ts";
import * as present from "../present.ts";
import {
  atThing,
  BusinessRefusal,
  inOrganization,
  type Place,
  pathId,
  Refusal,
  route,
  type Site,
} from "../route.ts";
import * as schema from "../schema.ts";
import { membersOf } from "../validation.ts";

const only = "people";
const pageEntries = 50;
const dayMs = 24 * 60 * 60 * 1_000;

export function eventRoutes(site: Site): void {
  const { audit } = site.operations;
  const answer = schema.events;

  const events = async ({ caller, org }: Place, of: Filter, query: Readonly<Record<string, unknown>>) => {
    const range = rangeOf(query);
    if (range instanceof Refusal || range instanceof BusinessRefusal) return range;
    const list = JSON.stringify([org.id, of, range]);
    const { continuationtoken: token } = membersOf(query);
    const before = typeof token === "string" && token !== "" ? decodeCursor(list, token) : null;
    const filter = { ...anything, ...of, ...range, outcome: "allowed" };
    const page = await audit.list(caller, org, filter, { before, limit: pageEntries });
    const data = page.items.flatMap((entry) => {
      const type = typeOf(entry);
      return type === null ? [] : [presentEvent(entry, type)];
    });
    const continuationToken = page.next === null ? null : encodeCursor(list, page.next);
    return { ...present.listOf(data), continuationToken };
  };

  route(site, { method: "GET", url: "/sm/events/service-accounts/:id", only, answer }, async (asked) => {
    const place = await atThing(site, asked, "machine", "id");
    if (place instanceof Refusal) return place;
    return events(place, { caller: place.id }, asked.query);
  });

  for (const kind of ["secrets", "projects", "service-account"]) {
    const url = `/organization/:organizationId/${kind}/:id/events`;
    route(site, { method: "GET", url, only, answer }, async (asked) => {
      const place = await inOrganization(site, asked);
      if (place instanceof Refusal) return place;
      const id = pathId(asked, "id");
      if (id instanceof Refusal) return id;
      return events(place, { target: id }, asked.query);
    });
  }
}

type Filter = { readonly caller: string } | { readonly target: string };

const anything = { action: null, caller: null, target: null, dialect: null };

/** By default the last 30 days to the end of today. */
function rangeOf(query: Readonly<Record<string, unknown>>) {
  const today = Math.floor(Date.now() / dayMs) * dayMs;
  try {
    const asked = membersOf(query);
    const start = timeOf(asked.start) ?? today - 30 * dayMs;
    const end = timeOf(asked.end) ?? today + dayMs - 1;
    const [since, until] = start <= end ? [start, end] : [end, start];
    return until - since > 367 * dayMs ? new BusinessRefusal("Range too large.") : { since, until };
  } catch {
    return new Refusal({ start: ["The value is not valid."] });
  }
}

function timeOf(value: unknown): number | null {
  if (value === undefined || value === "") return null;
  return instant("start", String(value).replace(" ", "+"));
}

const byAction: Readonly<Record<string, number>> = {
  "secret.reveal": 2100,
  "secret.create": 2101,
  "secret.update": 2102,
  "secret.write": 2102,
  "secret.purge": 2104,
  "trash.purge": 2104,
  "store.create": 2201,
  "store.update": 2202,
  "store.delete": 2203,
  "machine.create": 2304,
};

/** Null for what this service has no event for. */
function typeOf({ action, details, targetKind }: StoredEntry): number | null {
  const { purged, from, ended, subject, level } = membersOf(details === null ? {} : JSON.parse(details));
  if (action === "secret.delete") return purged === true ? 2104 : 2103;
  if (action === "secret.restore") return from === "trash" ? 2105 : 2102;
  if (action === "machine.manage") return ended === true ? 2305 : null;
  if (action === "grant.manage" && targetKind === "machine" && isMember(subject)) {
    const group = subject.kind === "group";
    if (level === null) return group ? 2303 : 2301;
    return group ? 2302 : 2300;
  }
  // A secret that moved because its project was deleted was changed, not its project.
  if (action === "store.delete" && targetKind === "secret") return 2102;
  return byAction[action] ?? null;
}

function isMember(subject: unknown): subject is { readonly kind: string } {
  return typeof subject === "object" && subject !== null && "kind" in subject;
}

function presentEvent(entry: StoredEntry, type: number) {
  const { callerKind, callerId, targetKind, targetId, organizationId, at, address } = entry;
  const when = (kind: string) => (targetKind === kind ? targetId : null);
  return {
    object: "event",
    type,
    organizationId,
    actingUserId: callerKind === "person" ? callerId : null,
    serviceAccountId: callerKind === "machine" ? callerId : null,
    secretId: when("secret"),
    projectId: when("store"),
    grantedServiceAccountId: when("machine"),
    groupId: null,
    organizationUserId: null,
    date: present.date(at),
    deviceType: null,
    ipAddress: address,
  };
}
