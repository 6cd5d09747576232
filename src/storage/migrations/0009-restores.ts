// That the database went back in time, by a restore or by a failover that lost commits, and how far it has
// started anew since. The number is the installation's restore epoch: what was written elsewhere under a
// smaller one may be of another history.
import { migration } from "../migrate.ts";

export const restores = migration({
  id: "0009-restores",
  up: ({ types: { text, integer, clustered } }) => [
    // `backup` is null of a failover. `reached` is the last organization that has started anew, `started_at` the end of it all.
    `CREATE TABLE restores (
      number ${integer} PRIMARY KEY,
      backup ${text},
      taken_at ${integer} NOT NULL,
      restored_at ${integer} NOT NULL,
      reached ${text},
      started_at ${integer}
    ) ${clustered}`,
  ],
});
