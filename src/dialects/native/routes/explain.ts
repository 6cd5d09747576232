// Why somebody may or may not: for who may read the grants there, and for everyone about himself.

import { isUuid } from "../../../core/ids.ts";
import type { Operations } from "../../../core/operations.ts";
import { nameRef, placeRef } from "../refs.ts";
import { type Route, route } from "../route.ts";
import * as schema from "../schema.ts";

export function explainRoutes({ access }: Operations): readonly Route[] {
  return [
    route(
      {
        method: "POST",
        url: "/v1/organizations/:org/explain",
        operationId: "explain",
        summary: "Why a principal, or a job with these claims, may or may not do something",
        body: schema.explainRequest,
        status: 200,
        answer: schema.explained,
      },
      async ({ caller, params, body }) => {
        const { principal, claims, action, store, secret } = body;
        const { allowed, because } = await access.explain(caller, placeRef("organization", params.org), {
          action,
          ...(principal === undefined
            ? {}
            : { principal: { kind: principal.kind, id: principal.id.toLowerCase() } }),
          ...(claims === undefined ? {} : { claims }),
          ...(store === undefined ? {} : { store: placeRef("store", store) }),
          ...(secret === undefined
            ? {}
            : { secret: isUuid(secret) ? { id: secret.toLowerCase() } : nameRef("secret", secret) }),
        });
        return { allowed, because: [...because] };
      },
    ),
  ];
}
