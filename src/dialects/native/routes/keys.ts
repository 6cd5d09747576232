// Keys: how they stand, and their rotation. Of an organization by its owners and admins.
import type { Operations } from "../../../core/operations.ts";
import { wholeNumber } from "../../../http/queries.ts";
import { keyStatus, presentKeyStatus, presentStep, rewrapped } from "../keys.ts";
import { placeRef } from "../refs.ts";
import { type Route, route } from "../route.ts";

const all = "/v1/organizations/:org/keys";

/** Written in 32 bits into every sealed value. */
export const termRule = { min: 1, max: 2 ** 32 - 1, otherwise: 1 };

export function keyRoutes({ keys }: Operations): readonly Route[] {
  return [
    route(
      {
        method: "GET",
        url: all,
        operationId: "getKeys",
        summary: "The terms of an organization's key, and how far a rotation has come",
        status: 200,
        answer: keyStatus,
      },
      async ({ caller, params }) =>
        presentKeyStatus(await keys.status(caller, placeRef("organization", params.org))),
    ),

    route(
      {
        method: "POST",
        url: `${all}/rotate`,
        operationId: "rotateKey",
        summary: "Begin a new term; values move over by themselves",
        status: 200,
        answer: keyStatus,
      },
      async ({ caller, params }) =>
        presentKeyStatus(await keys.rotate(caller, placeRef("organization", params.org))),
    ),

    route(
      {
        method: "POST",
        url: `${all}/rewrap`,
        operationId: "rewrapValues",
        summary: "Move some values to the current term at once; repeat it until it has ended",
        status: 200,
        answer: rewrapped,
      },
      async ({ caller, params }) =>
        presentStep(await keys.rewrap(caller, placeRef("organization", params.org))),
    ),

    route(
      {
        method: "POST",
        url: `${all}/:term/destroy`,
        operationId: "destroyKey",
        summary: "Destroy a retired term under which nothing is sealed any more",
        status: 204,
      },
      async ({ caller, params }) => {
        const term = wholeNumber("term", params.term, termRule);
        await keys.destroy(caller, placeRef("organization", params.org), term);
      },
    ),
  ];
}
