// The rows, in the order they are measured. Writing comes last, because it adds to the secrets which
// the others find. A further row is one file under http/ and one line here.
import { batch, batchFull } from "./http/batch.ts";
import { memory } from "./http/memory.ts";
import { reveal, revealAll, revealOne } from "./http/reveal.ts";
import { start, startAfterKill } from "./http/start.ts";
import { write } from "./http/write.ts";
import type { Row } from "./row.ts";

export const rows: readonly Row[] = [
  reveal,
  revealOne,
  revealAll,
  batch,
  batchFull,
  start,
  startAfterKill,
  memory,
  write,
];
