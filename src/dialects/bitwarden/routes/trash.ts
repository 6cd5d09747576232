// The trash, for administrators alone: what was deleted through any dialect waits there for 30 days.
import { secretNotFound } from "../../../core/secrets/secret.ts";
import { isAdmin } from "../admin.ts";
import * as present from "../present.ts";
import { BusinessRefusal, bulkBytesMax, inOrganization, Refusal, route, type Site } from "../route.ts";
import * as schema from "../schema.ts";
import { idsOf } from "../validation.ts";

const base = "/secrets/:organizationId/trash";
const unauthorized = new BusinessRefusal("Unauthorized.", 401);

export function trashRoutes(site: Site): void {
  const { sights } = site.operations;

  const listing = { method: "GET", url: base } as const;
  route(site, { ...listing, answer: schema.secretsWithProjects }, async (asked) => {
    const place = await inOrganization(site, asked);
    if (place instanceof Refusal) return place;
    if (!(await isAdmin(site, place))) return unauthorized;
    const found = await sights.trash(place.caller, place.org);
    return present.secretsWithProjects(found, place.wire);
  });

  for (const what of ["empty", "restore"] as const) {
    const url = `${base}/${what}`;
    route(site, { method: "POST", url, bodyBytesMax: bulkBytesMax }, async (asked) => {
      const ids = idsOf(asked.body);
      if (ids instanceof Refusal) return ids;
      const place = await inOrganization(site, asked);
      if (place instanceof Refusal) return place;
      if (!(await isAdmin(site, place))) return unauthorized;
      if (ids.length === 0 || new Set(ids).size < ids.length) throw secretNotFound("none, or one twice");
      const { caller, org } = place;
      if (what === "empty") await sights.purgeAll(caller, org, ids);
      else await sights.restoreAll(caller, org, ids);
      return undefined;
    });
  }
}
