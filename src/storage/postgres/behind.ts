// A server that holds less than this process was told is committed: a standby that was promoted without
// the last writes, or a copy that somebody put in place. What callers were answered is gone, so nothing may
// go on from it as if it were the same history: the installation starts anew, as after a restore.
import type { Clock } from "../../core/clock.ts";
import { restoreMark, restoreReader } from "../repositories/restores.ts";
import type { Session } from "./session.ts";

/** What stands in the audit trail as the place that it was restored from. */
const because = "a database that was behind";

/** How often the installation has started anew, as this process knows it. */
export function epochOf(session: Session): Promise<number> {
  return restoreReader(session).epoch();
}

/** Leaves the mark by which the next start, of any node, starts anew before it serves. */
export async function markBehind(session: Session, knownEpoch: number, clock: Clock): Promise<void> {
  await session.begin();
  try {
    // Another node saw it first.
    if ((await epochOf(session)) === knownEpoch) {
      await restoreMark(session, { backup: because, takenAt: clock.now(), at: clock.now() });
    }
    await session.commit();
  } catch (error) {
    if (session.failed === null) await session.rollback();
    throw error;
  }
}
