// Restores that the trail tells of. They break nothing: the chain goes on from where the backup had it. But
// what stood behind that point is not in this trail, and whoever reads a report must know.
import type { Entry } from "./format.ts";

export interface RestoredFrom {
  readonly stream: string;
  readonly seq: number;
  /** When the installation started anew. */
  readonly at: number;
  /** What happened between this moment and that one is lost. */
  readonly takenAt: number;
  /** Null: no restore, but a primary that took over and lacked commits. */
  readonly backup: string | null;
}

/** Null for every other entry, also for what each organization is told of the same restore. */
export function restoredFrom(entry: Entry): RestoredFrom | null {
  const { action, organization_id, stream, seq, at, details } = entry;
  if (action !== "installation.restore" || organization_id !== null) return null;
  if (seq === null || typeof at !== "number" || typeof details !== "string") return null;
  try {
    const { backup, takenAt }: Record<string, unknown> = JSON.parse(details);
    if (!(backup === null || typeof backup === "string") || typeof takenAt !== "number") return null;
    return { stream, seq, at, takenAt, backup };
  } catch {
    return null;
  }
}
