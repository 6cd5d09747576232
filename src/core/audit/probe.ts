// Whether the trail can be written right now: asked by whoever wants to know if this server is ready.
import type { Command } from "../ports.ts";

/** A real commit that leaves nothing behind. `id` is of no stream. */
export const probeAudit: Command<{ readonly id: string }, null> = {
  name: "audit.probe",
  writesLast: true,
  run: async (tx, { id }) => {
    await tx.audit.probe(id);
    return null;
  },
};
