// Gathers the recordings of one turn of the event loop, so that requests that meet are written down
// by one body and share one commit. While nothing is being written down, some are enough to begin:
// the disk then works on these while the rest of the turn is decided.
import type { Database } from "../ports.ts";
import { type Packable, packRecordings } from "./packing.ts";
import { recordReveals } from "./record.ts";

export interface Recorder {
  /** The revision at which all of it stood; null: it is to be decided again. */
  record(recording: Packable): Promise<number | null>;
}

/** More in one body would hold up who comes next. */
const revealsMax = 512;

/** So many are worth a commit of their own; waiting for the end of the turn would leave the disk idle. */
const enoughToBegin = 14;

interface Waiting {
  readonly recording: Packable;
  readonly resolve: (outcome: number | null) => void;
  readonly reject: (error: unknown) => void;
}

export function recorder(database: Pick<Database, "share">): Recorder {
  let gathered = new Map<string, Waiting[]>();
  let count = 0;
  let underway = 0;

  const send = (organizationId: string, waiting: readonly Waiting[]) => {
    const packed = packRecordings(waiting.map(({ recording }) => recording));
    underway += 1;
    database.share(recordReveals, { organizationId, packed }).then(
      (outcomes) => {
        underway -= 1;
        for (const [index, { resolve }] of waiting.entries()) resolve(outcomes[index] ?? null);
      },
      (error: unknown) => {
        underway -= 1;
        for (const { reject } of waiting) reject(error);
      },
    );
  };

  const sendAll = () => {
    const ready = gathered;
    gathered = new Map();
    count = 0;
    for (const [organizationId, waiting] of ready) send(organizationId, waiting);
  };

  return {
    record(recording) {
      return new Promise((resolve, reject) => {
        if (count === 0) setImmediate(sendAll);
        const waiting = gathered.get(recording.organizationId);
        const place = { recording, resolve, reject };
        if (waiting === undefined) gathered.set(recording.organizationId, [place]);
        else waiting.push(place);
        count += recording.reveals.length;
        if (count >= (underway === 0 ? enoughToBegin : revealsMax)) sendAll();
      });
    },
  };
}
