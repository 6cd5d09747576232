// The routes of Keeper beyond those that every kind has: which one new values of a namespace go to.
import { keeperNoun } from "../keeper.ts";
import { route, type Site } from "../route.ts";
import { group, groupVersion, success } from "../status.ts";
import { objectRoutes } from "./objects.ts";

export function keeperRoutes(site: Site): void {
  const noun = keeperNoun(site.operations);
  objectRoutes(site, {
    noun,
    scopes: {
      read: "secret.keepers:read",
      create: "secret.keepers:create",
      write: "secret.keepers:write",
      delete: "secret.keepers:delete",
    },
    watch: null,
  });
  route(
    site,
    {
      method: "POST",
      url: `/apis/${groupVersion}/namespaces/:namespace/${noun.resource}/:name/activate`,
      verb: () => "update",
      noun,
      scope: "secret.keepers:write",
      action: "store.update",
      on: "object",
    },
    async ({ at, name }) => {
      await noun.activate(at, name);
      return success({ name, group, kind: noun.resource });
    },
  );
}
