// Past values of secrets. Each that is shown is a disclosure of its own, and audited.
import { CofferError, type ErrorCode } from "../../../core/errors.ts";
import { parseValue, secretNotFound } from "../../../core/secrets/secret.ts";
import { versionNotFound } from "../../../core/secrets/versions.ts";
import type { PastVersion } from "../../../core/sights/versions.ts";
import * as present from "../present.ts";
import {
  atThing,
  BusinessRefusal,
  bulkBytesMax,
  type Place,
  placeIn,
  Refusal,
  route,
  type Site,
  whereLies,
} from "../route.ts";
import * as schema from "../schema.ts";
import { Check, idsOf } from "../validation.ts";

const noIds = new BusinessRefusal("No version IDs provided.");

export function versionRoutes(site: Site): void {
  const { sights, secrets } = site.operations;

  const openedValue = async (
    { caller, org, wire }: Place,
    { version, storeId }: PastVersion,
  ): Promise<string> => {
    const options = { version: version.number, opaque: wire.opaque };
    const place = [caller, org, { id: storeId }, { id: version.secretId }] as const;
    const { value } = await secrets.reveal(...place, options);
    if (value === null) throw versionNotFound();
    return value.reveal();
  };
  const shown = async (place: Place, past: PastVersion) => ({
    object: "secretVersion",
    id: past.version.id,
    secretId: past.version.secretId,
    value: place.wire.out(await openedValue(place, past)),
    versionDate: present.date(past.replacedAt),
    editorServiceAccountId: past.machineId,
    editorOrganizationUserId: past.membershipId,
  });
  const allShown = async (place: Place, found: readonly PastVersion[]) => {
    const all = [];
    for (const past of found) all.push(await shown(place, past));
    return present.listOf(all);
  };

  const ofSecret = { method: "GET", url: "/secrets/:secretId/versions" } as const;
  route(site, { ...ofSecret, answer: schema.list(schema.version) }, async (asked) => {
    const place = await whereLies(site, asked, "secret", "secretId");
    if (place instanceof Refusal) return place;
    return allShown(place, await sights.pastVersions(place.caller, place.org, { secretId: place.id }));
  });

  route(site, { method: "GET", url: "/secret-versions/:id", answer: schema.version }, async (asked) => {
    const place = await whereLies(site, asked, "version", "id");
    if (place instanceof Refusal) return place;
    const [found] = await sights.pastVersions(place.caller, place.org, { ids: [place.id] });
    if (found === undefined) throw versionNotFound();
    return shown(place, found);
  });

  const byIds = { method: "POST", url: "/secret-versions/get-by-ids", bodyBytesMax: bulkBytesMax } as const;
  route(site, { ...byIds, answer: schema.list(schema.version) }, async (asked) => {
    const ids = idsOf(asked.body);
    if (ids instanceof Refusal) return ids;
    if (ids.length === 0) return noIds;
    const place = await placeOfAny(site, asked.caller, ids);
    const found = await sights.pastVersions(place.caller, place.org, { ids: [...new Set(ids)] });
    if (found.length === 0) throw versionNotFound();
    return allShown(place, found);
  });

  const restoring = { method: "PUT", url: "/secrets/:secretId/versions/restore" } as const;
  route(site, { ...restoring, answer: schema.secret }, async (asked) => {
    const place = await atThing(site, asked, "secret", "secretId");
    if (place instanceof Refusal) return place;
    const check = new Check(asked.body);
    const [versionId = ""] = check.ids("VersionId", [check.member("VersionId")]);
    if (check.refusal !== null) return check.refusal;
    const { caller, org, id, custody, wire, sight } = place;
    if (!sight.may.write) throw secretNotFound("no write");
    const [past] = await sights.pastVersions(caller, org, { ids: [versionId] });
    if (past === undefined || past.version.secretId !== id) throw versionNotFound();
    // As a value that is written: what equals the current one makes no version.
    const value = parseValue(await openedValue(place, past), custody);
    const store = { id: sight.secret.storeId };
    const patch = { value, opaque: wire.opaque };
    const secret = await secrets.update(caller, org, store, { id }, patch, { unlessSame: true });
    const opened = { sight: { ...sight, secret }, value: value.reveal() };
    return present.secret(opened, wire, present.everything);
  });

  const deletion = { method: "POST", url: "/secret-versions/delete", bodyBytesMax: bulkBytesMax } as const;
  route(site, deletion, async (asked) => {
    const ids = idsOf(asked.body);
    if (ids instanceof Refusal) return ids;
    const [first] = ids;
    if (first === undefined) return noIds;
    const { caller } = asked;
    const { org } = await placeIn(site, caller, await sights.where(caller, "version", first));
    await sights.removePastVersions(caller, org, [...new Set(ids)]);
    return undefined;
  });
}

/**
 * Ids that name nothing, and those of what he may not see, are passed over: the first that he sees tells
 * the organization.
 */
async function placeOfAny(site: Site, caller: Place["caller"], ids: readonly string[]): Promise<Place> {
  const { sights } = site.operations;
  for (const id of ids) {
    try {
      const place = await placeIn(site, caller, await sights.where(caller, "version", id));
      const seen = await sights.pastVersions(caller, place.org, { ids: [id] });
      if (seen.length > 0) return place;
    } catch (error) {
      if (!(error instanceof CofferError) || !nothingThere.has(error.code)) throw error;
    }
  }
  throw versionNotFound();
}

const nothingThere: ReadonlySet<ErrorCode> = new Set(["version.not_found", "secret.not_found"]);
