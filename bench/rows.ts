// The rows, in the order they are measured. Writing comes last of those that share one server, because
// it adds to the secrets which the others find; after it come those that fill servers of their own. A
// further row is one file under http/ and one line here.
import { agent } from "./http/agent.ts";
import { batch, batchFull } from "./http/batch.ts";
import { floor, revealFloor } from "./http/floor.ts";
import { backupMany, startMany, verifyMany } from "./http/kept.ts";
import { listMany, revealMany, searchMany, searchRare } from "./http/many.ts";
import { memory } from "./http/memory.ts";
import { policies } from "./http/policies.ts";
import { reveal, revealAll, revealOne } from "./http/reveal.ts";
import { revealSearched } from "./http/searched.ts";
import { start, startAfterKill } from "./http/start.ts";
import { firstUse, listGrants, listTokens, revealTokens } from "./http/tokens.ts";
import { write } from "./http/write.ts";
import type { Row } from "./row.ts";

export const rows: readonly Row[] = [
  reveal,
  revealOne,
  revealAll,
  revealFloor,
  floor,
  agent,
  batch,
  batchFull,
  start,
  startAfterKill,
  memory,
  write,
  revealMany,
  listMany,
  searchMany,
  searchRare,
  revealSearched,
  startMany,
  backupMany,
  verifyMany,
  policies,
  revealTokens,
  listTokens,
  listGrants,
  firstUse,
];
