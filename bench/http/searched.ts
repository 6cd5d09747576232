// How long reveals take while somebody searches a million secrets. At a steady pace that leaves the
// server room: at its limit a search takes a share of the processor, and that is all one would see.
import type { Coffer } from "../coffer.ts";
import type { Row } from "../row.ts";
import { fewAndMany } from "./many.ts";
import { type Pace, pace } from "./pace.ts";
import { hotSetSize } from "./reveal.ts";
import { select, storePath } from "./secrets.ts";

const perSecond = 1_000;
/** What searches hold up, like the log that cannot start over while they read, gathers over many seconds. */
const timesLonger = 3;

export const revealSearched: Row = {
  name: "reveal-searched",
  what: `p99 of ${perSecond.toLocaleString("en-US")} reveals a second while a search over 10^6 secrets runs, against without`,
  unit: "x",
  better: "less",
  must: 1.5,
  aim: 1.1,
  async measure(setting) {
    const { plan } = setting;
    const [, { coffer, stock }] = await fewAndMany(setting);
    const reveals = (seconds: number) =>
      pace({
        url: coffer.url,
        token: coffer.token,
        connections: plan.connections,
        secrets: select(stock.secrets, hotSetSize),
        perSecond,
        warmSeconds: plan.warmSeconds,
        seconds,
      });
    await warm(coffer);
    const alone = await reveals(plan.seconds);
    const [beside, searches] = await whileSearching(coffer, () => reveals(plan.seconds * timesLonger));
    return {
      measured: beside.p99Ms / alone.p99Ms,
      parts: {
        "p99 ms": beside.p99Ms,
        "p99 ms without": alone.p99Ms,
        "p50 ms": beside.p50Ms,
        "p50 ms without": alone.p50Ms,
        searches,
      },
    };
  },
};

const rarely = `${storePath}/secrets?search=nothing-is-so-named`;
const triesMax = 5;

/** Whose data left the system's memory is read from the disk, which may take longer than a search is let run. */
async function warm(coffer: Coffer): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await coffer.request("GET", rarely);
      return;
    } catch (error) {
      if (tries === triesMax) throw error;
    }
  }
}

/** One search after the other, each of which reads the whole store and finds nothing. */
async function whileSearching(
  coffer: Coffer,
  work: () => Promise<Pace>,
): Promise<readonly [Pace, searches: number]> {
  let over = false;
  const searching = (async () => {
    let searches = 0;
    for (; !over; searches += 1) await coffer.request("GET", rarely);
    return searches;
  })();
  const done = work().finally(() => {
    over = true;
  });
  return Promise.all([done, searching]);
}
