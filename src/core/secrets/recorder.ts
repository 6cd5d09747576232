// Gathers recordings, so that requests that meet are written down by one body and share one commit.
// Some are enough for a body of their own: the disk then works on these while others are decided. Fewer
// than that wait for the commit that is underway, for a commit costs nearly the same for one and for many.
import type { Database } from "../ports.ts";
import { type Packable, packRecordings } from "./packing.ts";
import { recordReveals } from "./record.ts";

export interface Recorder {
  /** The revision at which all of it stood; null: it is to be decided again. */
  record(recording: Packable): Promise<number | null>;
}

const enough = 16;

/** A commit that hangs must not hang those who came after it: they ask for one of their own. */
const heldMsMax = 20;

interface Waiting {
  readonly recording: Packable;
  readonly resolve: (outcome: number | null) => void;
  readonly reject: (error: unknown) => void;
}

export function recorder(database: Pick<Database, "share">): Recorder {
  let gathered = new Map<string, Waiting[]>();
  let count = 0;
  let underway = 0;
  let held: NodeJS.Timeout | null = null;

  const send = (organizationId: string, waiting: readonly Waiting[]) => {
    const packed = packRecordings(waiting.map(({ recording }) => recording));
    underway += 1;
    database.share(recordReveals, { organizationId, packed }).then(
      (outcomes) => {
        answered();
        for (const [index, { resolve }] of waiting.entries()) resolve(outcomes[index] ?? null);
      },
      (error: unknown) => {
        answered();
        for (const { reject } of waiting) reject(error);
      },
    );
  };

  const sendAll = () => {
    if (held !== null) clearTimeout(held);
    held = null;
    const ready = gathered;
    gathered = new Map();
    count = 0;
    for (const [organizationId, waiting] of ready) send(organizationId, waiting);
  };

  /** First the disk gets what waits, then those who asked get their answers. */
  const answered = () => {
    underway -= 1;
    if (underway === 0) sendAll();
  };

  const turnEnded = () => {
    if (count === 0) return;
    if (underway === 0) sendAll();
    else held ??= setTimeout(sendAll, heldMsMax);
  };

  return {
    record(recording) {
      return new Promise((resolve, reject) => {
        if (count === 0) setImmediate(turnEnded);
        const waiting = gathered.get(recording.organizationId);
        const place = { recording, resolve, reject };
        if (waiting === undefined) gathered.set(recording.organizationId, [place]);
        else waiting.push(place);
        count += recording.reveals.length;
        if (count >= enough) sendAll();
      });
    },
  };
}
