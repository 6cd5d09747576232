// A purged secret keeps its place in every order that a cursor may go by, and is of its store alone. Those
// purged before have no store: cursors that name them begin anew.
import { migration } from "../migrate.ts";

export const tombstonePlaces = migration({
  id: "0006-tombstone-places",
  up: ({ types: { text, integer } }) => [
    `ALTER TABLE tombstones ADD COLUMN store_id ${text}`,
    `ALTER TABLE tombstones ADD COLUMN name ${text}`,
    `ALTER TABLE tombstones ADD COLUMN updated_at ${integer}`,
  ],
});
