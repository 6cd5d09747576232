// Who one is, and by which token.

import * as present from "../present.ts";
import { route, type Site } from "../route.ts";
import * as schema from "../schema.ts";
import { asks } from "../scopes.ts";

export function accountRoutes(site: Site): void {
  const { organizations, people, tokens } = site.operations;

  route<object, typeof schema.accessToken>(
    site,
    { method: "GET", url: "/v2/access-token", status: 200, answer: schema.accessToken },
    async ({ caller }) => present.accessToken(await organizations.whoami(caller)),
  );

  route<object, never>(
    site,
    { method: "DELETE", url: "/v2/access-token", status: 204 },
    async ({ caller }, reply) => {
      await tokens.revokeCurrent(caller);
      return reply.send();
    },
  );

  route<object, typeof schema.user>(
    site,
    {
      method: "GET",
      url: "/v2/user",
      status: 200,
      answer: schema.user,
      scope: asks("read_user", "people.read"),
    },
    async ({ caller }) => present.user(await people.me(caller)),
  );
}
