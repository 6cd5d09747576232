// Organizations that a token may use.
import { limits } from "../../../core/limits.ts";
import { linkPages, pageAsked } from "../pages.ts";
import { organizationRef } from "../places.ts";
import * as present from "../present.ts";
import { organizationOf, route, type Site } from "../route.ts";
import * as schema from "../schema.ts";
import { asks } from "../scopes.ts";

const all = "/v2/organizations";
const asked = asks("read_organizations", "organization.read");

export function organizationRoutes(site: Site): void {
  const { organizations } = site.operations;
  const { bases } = site;

  route<object, typeof schema.organizations>(
    site,
    { method: "GET", url: all, status: 200, answer: schema.organizations, scope: asked },
    async (request, reply) => {
      // One person is in few of them: they are counted by reading all.
      const found = await organizations.list(request.caller, { after: null, limit: limits.pageMax });
      const page = pageAsked(request);
      linkPages(reply, request, page, { total: found.items.length, base: bases.web });
      const shown = found.items.slice(page.offset, page.offset + page.perPage);
      return shown.map((organization) => present.organization(organization, bases));
    },
  );

  route<{ readonly org: string }, typeof schema.organization>(
    site,
    {
      method: "GET",
      url: `${all}/:org`,
      status: 200,
      answer: schema.organization,
      intent: ({ org }) => [organizationRef(org), { ...asked, place: "organization" }],
    },
    async (request) => present.organization(organizationOf(request), bases),
  );
}
