// Reading trusts: for administrators and auditors, and for authentication.
import { admit, permit } from "../access.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Query } from "../ports.ts";
import { trustPlace } from "./create.ts";
import { trustNotFound } from "./target.ts";
import type { Trust } from "./trust.ts";

interface GetInput extends OrganizationCall {
  readonly id: string;
}

export const getTrust: Query<GetInput, Trust> = {
  name: "trust.get",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    permit(access, "trust.read", trustPlace, trustNotFound);
    const trust = await tx.trusts.find(input.organizationId, input.id);
    if (trust === null) throw trustNotFound();
    return trust;
  },
};

interface ListInput extends OrganizationCall {
  readonly after: string | null;
  readonly limit: number;
}

export const listTrusts: Query<ListInput, readonly Trust[]> = {
  name: "trust.list",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    permit(access, "trust.read", trustPlace);
    return tx.trusts.list(input.organizationId, { after: input.after, limit: input.limit + 1 });
  },
};

interface MatchInput {
  readonly issuer: string;
  readonly audiences: readonly string[];
}

/** The trusts that a token could be meant for. Who holds such a token is not known yet. */
export const matchTrusts: Query<MatchInput, readonly Trust[]> = {
  name: "trust.match",
  run: async (tx, { issuer, audiences }) => {
    const found: Trust[] = [];
    for (const audience of audiences) {
      const trust = await tx.trusts.match(issuer, audience);
      if (trust !== null) found.push(trust);
    }
    return found;
  },
};
