// Secrets by their ids, wherever they lie.

import type { Ref } from "../../../core/organizations/organization.ts";
import type { Secret } from "../../../core/secrets/secret.ts";
import { parseValue, secretNotFound } from "../../../core/secrets/secret.ts";
import type { SecretSight } from "../../../core/sights/sight.ts";
import { instant } from "../../../http/queries.ts";
import { type AskedSubject, policiesIn } from "../access.ts";
import * as present from "../present.ts";
import {
  atThing,
  BusinessRefusal,
  bulkBytesMax,
  inOrganization,
  type Place,
  placeIn,
  Refusal,
  route,
  type Site,
} from "../route.ts";
import * as schema from "../schema.ts";
import { Check, idsOf, repeatedIn } from "../validation.ts";
import { valuesOf } from "../values.ts";

const named = "/organizations/:organizationId/secrets";
const unassigned: Ref = { slug: "default" };

interface Draft {
  readonly name: string;
  readonly value: string;
  readonly description: string | null;
  readonly project: string | null;
  readonly valueChanged: boolean | null;
  /** Who has access to this secret alone; null: as it is. */
  readonly shared: readonly AskedSubject[] | null;
}

function draftOf(body: unknown, { wire, caller }: Place): Draft | Refusal | BusinessRefusal {
  const check = new Check(body);
  const name = check.sealed("Key", "key", wire);
  const value = check.sealed("Value", "value", wire);
  const note = check.sealed("Note", "note", wire);
  const project = check.project();
  const valueChanged = check.flag("ValueChanged");
  const policies = check.member("AccessPoliciesRequests");
  const shared = policies === null ? null : policiesIn(policies, ["membership", "group", "machine"]);
  if (check.refusal !== null) return check.refusal;
  if (shared instanceof Refusal || shared instanceof BusinessRefusal) return shared;
  if (shared !== null && caller.kind === "machine") throw secretNotFound("machines give no access");
  return { name, value, description: note === "" ? null : note, project, valueChanged, shared };
}

export function secretRoutes(site: Site): void {
  const { sights, secrets } = site.operations;

  /** The project that a request names, if it is there for the caller. */
  const projectOf = async ({ caller, org }: Place, id: string | null): Promise<SecretSight["store"]> =>
    id === null ? null : (await sights.store(caller, org, id)).store;

  const written = (secret: Secret, store: SecretSight["store"], value: string, { wire }: Place) => {
    const sight = { secret, store, may: present.everything };
    return present.secret({ sight, value }, wire);
  };

  route(site, { method: "GET", url: named, answer: schema.secretsWithProjects }, async (asked) => {
    const place = await inOrganization(site, asked);
    if (place instanceof Refusal) return place;
    const found = await sights.allSecrets(place.caller, place.org, null);
    return present.secretsWithProjects(found, place.wire);
  });

  const ofProject = { method: "GET", url: "/projects/:projectId/secrets" } as const;
  route(site, { ...ofProject, answer: schema.secretsWithProjects }, async (asked) => {
    const place = await atThing(site, asked, "store", "projectId");
    if (place instanceof Refusal) return place;
    const { caller, org, id, wire } = place;
    return present.secretsWithProjects(await sights.allSecrets(caller, org, { id }), wire);
  });

  route(site, { method: "POST", url: named, answer: schema.secret }, async (asked) => {
    const place = await inOrganization(site, asked);
    if (place instanceof Refusal) return place;
    const draft = draftOf(asked.body, place);
    if (draft instanceof Refusal || draft instanceof BusinessRefusal) return draft;
    const { name, description, value, shared } = draft;
    const project = await projectOf(place, draft.project);
    const store = project === null ? unassigned : { id: project.id };
    const made = { name, description, value: parseValue(value, place.custody), opaque: place.wire.opaque };
    const { caller, org } = place;
    const secret =
      shared === null
        ? await secrets.create(caller, org, store, made)
        : await sights.createShared(caller, org, store, made, shared);
    return written(secret, project, value, place);
  });

  route(site, { method: "GET", url: "/secrets/:id", answer: schema.secret }, async (asked) => {
    const place = await atThing(site, asked, "secret", "id");
    if (place instanceof Refusal) return place;
    const [only = null] = await valuesOf(site, place, [place.sight]);
    if (only === null) throw secretNotFound("it went away");
    return present.secret(only, place.wire);
  });

  route(site, { method: "PUT", url: "/secrets/:id", answer: schema.secret }, async (asked) => {
    const place = await atThing(site, asked, "secret", "id");
    if (place instanceof Refusal) return place;
    const draft = draftOf(asked.body, place);
    if (draft instanceof Refusal || draft instanceof BusinessRefusal) return draft;
    const { caller, org, id, custody, wire, sight } = place;
    if (!sight.may.write) throw secretNotFound("no write");
    // The project that it is in already is known to whoever sees it, also where he sees nothing else of it.
    const stays = draft.project !== null && draft.project === sight.store?.id;
    const project = stays ? sight.store : await projectOf(place, draft.project);
    const from = { id: sight.secret.storeId };
    const moves = (project?.id ?? null) !== (sight.store?.id ?? null);
    const to = project === null ? unassigned : { id: project.id };
    const value = parseValue(draft.value, custody);
    const patch = {
      name: draft.name,
      description: draft.description,
      ...(keepsValue(draft, place) ? {} : { value }),
      ...(moves ? { store: to } : {}),
      opaque: wire.opaque,
    };
    // Where a client says so, the value makes a version even where it is the same.
    const unlessSame = !(wire.opaque && draft.valueChanged === true);
    const { shared: wanted } = draft;
    const secret =
      wanted === null
        ? await secrets.update(caller, org, from, { id }, patch, { unlessSame })
        : await sights.updateShared(caller, org, { store: from, id }, patch, { unlessSame, wanted });
    return written(secret, project, draft.value, place);
  });

  const deletion = { method: "POST", url: "/secrets/delete", bodyBytesMax: bulkBytesMax } as const;
  route(site, { ...deletion, answer: schema.removed }, async (asked) => {
    const ids = idsOf(asked.body);
    if (ids instanceof Refusal) return ids;
    const place = await placeOfAll(site, asked.caller, ids);
    const items = await sights.removeSecrets(place.caller, place.org, ids);
    return present.removed(items.map(({ id, denied }) => ({ id, error: denied ? "access denied" : null })));
  });

  const byIds = { method: "POST", url: "/secrets/get-by-ids", bodyBytesMax: bulkBytesMax } as const;
  route(site, { ...byIds, answer: schema.list(schema.baseSecret) }, async (asked) => {
    const check = new Check(asked.body);
    const ids = check.ids("Ids", check.member("Ids"));
    if (check.refusal !== null) return check.refusal;
    const repeated = repeatedIn(ids);
    if (repeated.length > 0) {
      const text = `The following GUIDs were duplicated ${repeated.join(", ")} `;
      return new Refusal({ GetSecretsRequestModel: [text] });
    }
    const place = await placeOfAll(site, asked.caller, ids);
    const opened = await openedAll(site, place, ids);
    return present.listOf(opened.map((each) => present.baseSecret(each, place.wire)));
  });

  route(site, { method: "GET", url: `${named}/sync`, answer: schema.sync }, async (asked) => {
    const place = await inOrganization(site, asked);
    if (place instanceof Refusal) return place;
    const { caller, org, wire } = place;
    if (caller.kind !== "machine") return new BusinessRefusal("Only service accounts can sync secrets.");
    const since = sinceOf(asked.query);
    if (since instanceof Refusal || since instanceof BusinessRefusal) return since;
    if (since !== null && !(await sights.changedSince(caller, org, since))) {
      return { object: "secretsSync", hasChanges: false, secrets: null };
    }
    const opened = await valuesOf(site, place, await sights.allSecrets(caller, org, null));
    const there = opened.filter((each) => each !== null).map((each) => present.baseSecret(each, wire));
    return { object: "secretsSync", hasChanges: true, secrets: present.listOf(there) };
  });
}

/** A client that says that the value is as it was has only sealed it anew. */
function keepsValue({ valueChanged }: Draft, { wire }: Place): boolean {
  return wire.opaque && valueChanged === false;
}

/** How far ahead a client's clock may be. */
const clockSkewMs = 60_000;

function sinceOf(query: Readonly<Record<string, unknown>>): number | null | Refusal | BusinessRefusal {
  const [, given] = Object.entries(query).find(([name]) => name.toLowerCase() === "lastsynceddate") ?? [];
  if (given === undefined || given === "") return null;
  let at: number;
  try {
    if (typeof given !== "string") throw new Error("given twice");
    // A plus that was not encoded arrives as a space.
    at = instant("lastSyncedDate", given.replace(" ", "+"));
  } catch {
    return new Refusal({ lastSyncedDate: ["The value is not valid."] });
  }
  const now = Date.now();
  if (at > now + clockSkewMs) return new BusinessRefusal("Last synced date must be in the past.");
  return Math.min(at, now);
}

/** The one organization of all of them. */
async function placeOfAll(site: Site, caller: Place["caller"], ids: readonly string[]): Promise<Place> {
  const [first] = ids;
  if (first === undefined || new Set(ids).size < ids.length) throw secretNotFound("none, or one twice");
  return placeIn(site, caller, await site.operations.sights.where(caller, "secret", first));
}

/** All or nothing: decided before the first of them is opened. */
async function openedAll(
  site: Site,
  place: Place,
  ids: readonly string[],
): Promise<readonly present.Opened[]> {
  const found = await site.operations.sights.secrets(place.caller, place.org, ids);
  const there = found.filter((sight) => sight !== null);
  if (there.length < ids.length) throw secretNotFound("one of them is not his to see");
  const opened = await valuesOf(site, place, there);
  const all = opened.filter((each) => each !== null);
  if (all.length < ids.length) throw secretNotFound("one of them went away");
  return all;
}
