// Backends of values: how they stand, for operators; and moving a store's values into one.
import type { Operations } from "../../../core/operations.ts";
import {
  backends as backendList,
  migrated,
  migration,
  presentBackends,
  presentMigrated,
} from "../backends.ts";
import { placeRef } from "../refs.ts";
import { type Route, route } from "../route.ts";

export function backendRoutes({ backends, stores }: Operations): readonly Route[] {
  return [
    route(
      {
        method: "GET",
        url: "/v1/backends",
        operationId: "getBackends",
        summary:
          "The backends of values beside the database: what lies there, what is under way, what is owed",
        status: 200,
        answer: backendList,
      },
      async ({ caller }) => presentBackends(await backends.status(caller)),
    ),

    route(
      {
        method: "POST",
        url: "/v1/backends/:backend/resume",
        operationId: "resumeSweeps",
        summary: "After a restore: this database is the one that counts, orphans may be removed again",
        status: 204,
      },
      async ({ caller, params }) => backends.resume(caller, params.backend),
    ),

    route(
      {
        method: "POST",
        url: "/v1/organizations/:org/stores/:store/migrate-backend",
        operationId: "migrateStore",
        summary: "Move some values of a store into another backend; repeat it until there is no next",
        body: migration,
        status: 200,
        answer: migrated,
      },
      async ({ caller, params, body: { backend, after = null } }) => {
        const [org, store] = [placeRef("organization", params.org), placeRef("store", params.store)];
        return presentMigrated(await stores.migrate(caller, org, store, { backend, after }));
      },
    ),
  ];
}
