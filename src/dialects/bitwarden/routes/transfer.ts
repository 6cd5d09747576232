// Export and import of a whole organization, for administrators.

import { parseValue } from "../../../core/secrets/secret.ts";
import { demandAdmin } from "../admin.ts";
import * as present from "../present.ts";
import { BusinessRefusal, bulkBytesMax, inOrganization, Refusal, route, type Site } from "../route.ts";
import * as schema from "../schema.ts";
import { Check, membersOf } from "../validation.ts";
import { valuesOf } from "../values.ts";

const only = "people";
const projectsMax = 1_000;
const secretsMax = 6_000;

export function transferRoutes(site: Site): void {
  const { sights } = site.operations;

  const exporting = { method: "GET", url: "/sm/:organizationId/export", only } as const;
  route(site, { ...exporting, answer: schema.exported }, async (asked) => {
    const place = await inOrganization(site, asked);
    if (place instanceof Refusal) return place;
    await demandAdmin(site, place);
    const { caller, org, wire } = place;
    const projects = await sights.stores(caller, org);
    const opened = await valuesOf(site, place, await sights.allSecrets(caller, org, null));
    return {
      object: "SecretsManagerExportResponseModel",
      projects: projects.map(({ store: { id, name } }) => ({ id, name: wire.out(name) })),
      secrets: opened
        .filter((each) => each !== null)
        .map((each) => {
          const { id, key, value, note, projects: within } = present.baseSecret(each, wire);
          return { id, key, value, note, projectIds: within.map((project) => project.id) };
        }),
    };
  });

  const importing = {
    method: "POST",
    url: "/sm/:organizationId/import",
    bodyBytesMax: importBytesMax,
  } as const;
  route(site, { ...importing, only }, async (asked) => {
    const place = await inOrganization(site, asked);
    if (place instanceof Refusal) return place;
    await demandAdmin(site, place);
    const { caller, org, wire, custody } = place;
    const body = membersOf(asked.body);
    const projects = listIn(body.projects);
    const secrets = listIn(body.secrets);
    if (projects.length > projectsMax || secrets.length > secretsMax) return tooMuch;
    const stores = [];
    for (const each of projects) {
      const check = new Check(each);
      const [key = ""] = check.ids("Id", [check.member("Id")]);
      const name = check.sealed("Name", "name", wire);
      if (check.refusal !== null) return check.refusal;
      stores.push({ key, name });
    }
    const keys = new Set(stores.map(({ key }) => key));
    const made = [];
    for (const each of secrets) {
      const check = new Check(each);
      const name = check.sealed("Key", "key", wire);
      const value = check.sealed("Value", "value", wire);
      const note = check.sealed("Note", "note", wire);
      const within = check.ids("ProjectIds", check.member("ProjectIds") ?? []);
      if (within.some((id) => !keys.has(id)))
        check.problem("ProjectIds", "The project is not among those of this import.");
      if (check.refusal !== null) return check.refusal;
      if (within.length > 1) return oneProject;
      const secret = {
        name,
        value: parseValue(value, custody),
        description: note === "" ? null : note,
      };
      made.push({ store: within[0] ?? null, secret });
    }
    await sights.importAll(caller, org, { opaque: wire.opaque, stores, secrets: made });
    return undefined;
  });
}

/** 6,000 secrets of some 10 KB on average; each field has a bound of its own. */
const importBytesMax = 4 * bulkBytesMax;

const tooMuch = new BusinessRefusal(
  "You cannot import this much data at once, the limit is 1000 projects and 6000 secrets.",
);
const oneProject = new BusinessRefusal("A secret can only be in one project at a time.");

function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
