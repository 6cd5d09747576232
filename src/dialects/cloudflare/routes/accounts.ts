// The accounts that a credential can use.
import { unauthenticated } from "../../../core/access.ts";
import { limits } from "../../../core/limits.ts";
import { pageAsked } from "../lists.ts";
import { account } from "../places.ts";
import * as present from "../present.ts";
import { route, type Site } from "../route.ts";
import * as schema from "../schema.ts";

interface AccountPath {
  readonly account: string;
}

/** What a credential reaches needs no permission by name. */
const reads = { action: "organization.read", scope: null } as const;

export function accountRoutes(site: Site): void {
  const { organizations } = site.operations;

  route<object, typeof schema.accounts>(
    site,
    { method: "GET", url: "/accounts", answer: schema.accounts, scope: reads },
    async (request) => {
      // One person is in few of them: they are counted by reading all.
      const found = await organizations.list(request.caller, { after: null, limit: limits.pageMax });
      const asked = pageAsked(request);
      const shown = found.items.slice(asked.offset, asked.offset + asked.perPage);
      return present.listed(shown.map(present.account), asked, found.items.length);
    },
  );

  route<AccountPath, typeof schema.account>(
    site,
    {
      method: "GET",
      url: "/accounts/:account",
      answer: schema.account,
      intent: () => ({ ...reads, place: "organization" }),
    },
    async ({ caller, params }) =>
      present.done(present.account(await organizations.get(caller, account(params.account)))),
  );

  route<AccountPath, typeof schema.token>(
    site,
    {
      method: "GET",
      url: "/accounts/:account/tokens/verify",
      answer: schema.token,
      intent: () => ({ ...reads, place: "anywhere" }),
    },
    async ({ caller }) => {
      // A user's token is verified at the user.
      if (caller.kind !== "machine") throw unauthenticated("misplaced");
      return present.verified(await organizations.whoami(caller));
    },
  );
}
