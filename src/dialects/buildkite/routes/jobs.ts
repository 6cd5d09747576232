// The one route of the agent's API: a job reads a value by its key. The session says which cluster it
// reads in, and the core decides whether its claims satisfy the secret's policy.
import { CofferError } from "../../../core/errors.ts";
import { keyRef } from "../places.ts";
import { jobRoute, type Site } from "../route.ts";
import * as schema from "../schema.ts";

export function jobRoutes(site: Site): void {
  const { jobs, secrets } = site.operations;
  jobRoute<{ readonly job: string }, typeof schema.revealed>(
    site,
    { method: "GET", url: "/v3/jobs/:job/secrets", status: 200, answer: schema.revealed },
    async ({ caller, params, query }) => {
      const { key } = query as Readonly<Record<string, unknown>>; // text, or a list of texts
      if (typeof key !== "string" || key === "") throw missingKey();
      const { organizationId, storeId } = await jobs.session(caller, params.job);
      const place = [{ id: organizationId }, { id: storeId }] as const;
      const { secret, value } = await secrets.reveal(caller, ...place, keyRef(key), { foldNames: true });
      // The agent does not check: an answer without a value would be an empty secret to it.
      if (value === null) throw new CofferError("internal", "A revealed value is missing.");
      return { key: secret.name, value: value.reveal(), uuid: secret.id };
    },
  );
}

function missingKey(): CofferError {
  return new CofferError("request.invalid", "Missing key parameter", { field: "key" });
}
