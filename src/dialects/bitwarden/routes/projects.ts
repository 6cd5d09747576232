// Projects: the stores of an organization but its default one, whose secrets have no project here.
import { CofferError } from "../../../core/errors.ts";
import { storeNotFound } from "../../../core/stores/store.ts";
import * as present from "../present.ts";
import { atThing, bulkBytesMax, inOrganization, placeIn, Refusal, route, type Site } from "../route.ts";
import * as schema from "../schema.ts";
import { Check, idsOf, repeatedIn } from "../validation.ts";

const named = "/organizations/:organizationId/projects";

export function projectRoutes(site: Site): void {
  const { sights, stores } = site.operations;

  route(site, { method: "GET", url: named, answer: schema.list(schema.project) }, async (asked) => {
    const place = await inOrganization(site, asked);
    if (place instanceof Refusal) return place;
    const found = await sights.stores(place.caller, place.org);
    return present.listOf(found.map((sight) => present.project(sight, place.wire)));
  });

  route(site, { method: "POST", url: named, answer: schema.project }, async (asked) => {
    const place = await inOrganization(site, asked);
    if (place instanceof Refusal) return place;
    const check = new Check(asked.body);
    const name = check.sealed("Name", "name", place.wire);
    if (check.refusal !== null) return check.refusal;
    const made = { name, opaque: place.wire.opaque };
    const store = await stores.create(place.caller, place.org, made);
    return present.project({ store, may: present.everything }, place.wire);
  });

  route(site, { method: "GET", url: "/projects/:id", answer: schema.project }, async (asked) => {
    const place = await atThing(site, asked, "store", "id");
    if (place instanceof Refusal) return place;
    return present.project(place.sight, place.wire);
  });

  route(site, { method: "PUT", url: "/projects/:id", answer: schema.project }, async (asked) => {
    const place = await atThing(site, asked, "store", "id");
    if (place instanceof Refusal) return place;
    const check = new Check(asked.body);
    const name = check.sealed("Name", "name", place.wire);
    if (check.refusal !== null) return check.refusal;
    const { caller, org, id, sight } = place;
    if (!sight.may.write) throw storeNotFound("no write");
    const change = { name, opaque: place.wire.opaque };
    const store = await stores.update(caller, org, { id }, change);
    return present.project({ store, may: present.everything }, place.wire);
  });

  const deletion = { method: "POST", url: "/projects/delete", bodyBytesMax: bulkBytesMax } as const;
  route(site, { ...deletion, answer: schema.removed }, async (asked) => {
    const ids = idsOf(asked.body);
    if (ids instanceof Refusal) return ids;
    const [first] = ids;
    if (first === undefined || repeatedIn(ids).length > 0) throw storeNotFound("none, or one twice");
    const { caller } = asked;
    const { org } = await placeIn(site, caller, await sights.where(caller, "store", first));
    const found = [];
    for (const id of ids) found.push(await sights.store(caller, org, id));
    const items = [];
    for (const { store, may } of found) {
      const error = may.write ? await dissolved(store.id) : "access denied";
      items.push({ id: store.id, error });
    }
    return present.removed(items);

    async function dissolved(id: string): Promise<string | null> {
      try {
        await stores.remove(caller, org, { id }, { force: false, removal: "trash", rehome: true });
        return null;
      } catch (error) {
        if (!(error instanceof CofferError)) throw error;
        if (error.code === "caller.denied") return "access denied";
        if (error.code !== "secret.name_taken") throw error;
        return "A secret of this project has the name of a secret without a project.";
      }
    }
  });
}
