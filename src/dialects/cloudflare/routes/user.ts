// Whose token it is, and what he is where. An account's token has no user: clients know that by the codes.
import { unauthenticated } from "../../../core/access.ts";
import { pageAsked } from "../lists.ts";
import * as present from "../present.ts";
import { route, type Site } from "../route.ts";
import * as schema from "../schema.ts";
import { userDetails } from "../scopes.ts";

export function userRoutes(site: Site): void {
  const { organizations, people } = site.operations;

  route<object, typeof schema.token>(
    site,
    {
      method: "GET",
      url: "/user/tokens/verify",
      answer: schema.token,
      scope: { action: "token.read", scope: null },
    },
    async ({ caller }) => {
      if (caller.kind !== "person") throw unauthenticated("misplaced");
      return present.verified(await organizations.whoami(caller));
    },
  );

  route<object, typeof schema.user>(
    site,
    { method: "GET", url: "/user", answer: schema.user, scope: userDetails },
    async ({ caller }) => present.done(present.user(await people.me(caller))),
  );

  route<object, typeof schema.memberships>(
    site,
    {
      method: "GET",
      url: "/memberships",
      answer: schema.memberships,
      scope: { action: "organization.read", scope: null },
    },
    async (request) => {
      const asked = pageAsked(request);
      const { offset, perPage: limit } = asked;
      const { items, total } = await people.memberships(request.caller, { offset, limit });
      return present.listed(items.map(present.membership), asked, total);
    },
  );
}
