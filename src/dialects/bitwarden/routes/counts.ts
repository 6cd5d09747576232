// How much there is, for people.
import { inOrganization, Refusal, route, type Site, whereLies } from "../route.ts";
import * as schema from "../schema.ts";

const only = "people";

export function countRoutes(site: Site): void {
  const { sights } = site.operations;

  const all = { method: "GET", url: "/organizations/:organizationId/sm-counts", only } as const;
  route(site, { ...all, answer: schema.organizationCounts }, async (asked) => {
    const place = await inOrganization(site, asked);
    if (place instanceof Refusal) return place;
    const { stores, secrets, machines } = await sights.counts(place.caller, place.org);
    return { object: "organizationCounts", projects: stores, secrets, serviceAccounts: machines };
  });

  const ofProject = { method: "GET", url: "/projects/:id/sm-counts", only } as const;
  route(site, { ...ofProject, answer: schema.projectCounts }, async (asked) => {
    const place = await whereLies(site, asked, "store", "id");
    if (place instanceof Refusal) return place;
    const { secrets, people, machines } = await sights.countsOfStore(place.caller, place.org, place.id);
    return { object: "projectCounts", secrets, people, serviceAccounts: machines };
  });

  const ofMachine = { method: "GET", url: "/service-accounts/:id/sm-counts", only } as const;
  route(site, { ...ofMachine, answer: schema.machineCounts }, async (asked) => {
    const place = await whereLies(site, asked, "machine", "id");
    if (place instanceof Refusal) return place;
    const counts = await sights.countsOfMachine(place.caller, place.org, place.id);
    const { stores, people, accessTokens } = counts;
    return { object: "serviceAccountCounts", projects: stores, people, accessTokens };
  });
}
