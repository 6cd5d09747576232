// Jobs: let into one store by who manages its jobs, for as long as they run.
import type { Operations } from "../../../core/operations.ts";
import * as present from "../present.ts";
import { placeRef } from "../refs.ts";
import { type Route, route } from "../route.ts";
import * as schema from "../schema.ts";

const all = "/v1/organizations/:org/stores/:store/jobs";

export function jobRoutes({ jobs }: Operations): readonly Route[] {
  return [
    route(
      {
        method: "POST",
        url: all,
        operationId: "startJob",
        summary: "Open a session of a job in a store; its token is in this answer alone",
        body: schema.newJob,
        status: 201,
        answer: schema.startedJob,
      },
      async ({ caller, params, body }) => {
        const org = placeRef("organization", params.org);
        return present.startedJob(await jobs.start(caller, org, placeRef("store", params.store), body));
      },
    ),

    route(
      {
        method: "DELETE",
        url: `${all}/:job`,
        operationId: "endJob",
        summary: "End all sessions of a job in a store; it may have none",
        status: 204,
      },
      async ({ caller, params }) => {
        const org = placeRef("organization", params.org);
        await jobs.end(caller, org, placeRef("store", params.store), params.job);
      },
    ),
  ];
}
