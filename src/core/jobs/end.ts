// Ending a job: the tokens of all its sessions in one store. A job without any is as ended as it can be.
import { admit, changeAccess, permit, storeOf, storeTarget } from "../access.ts";
import { noted } from "../audit/noted.ts";
import { limits } from "../limits.ts";
import { mutation } from "../operation.ts";
import { type JobInput, jobTarget } from "./start.ts";

export const endJob = mutation<JobInput, "ended" | "more">({
  name: "job.end",
  frees: true,
  action: "job.manage",
  target: jobTarget,
  run: async (tx, input) => {
    const { organizationId, at, jobId } = input;
    const access = await admit(tx, input, { id: organizationId });
    const store = await storeOf(tx, access, input.store);
    const { because } = permit(access, "job.manage", storeTarget(store));
    await changeAccess(tx, organizationId, access.epochs);
    const sessions = await tx.jobs.end(store.id, jobId, at, limits.jobSessionsChunk);
    await noted(tx, input, {
      action: "job.manage",
      target: { kind: "job", id: null, name: jobId, storeId: store.id },
      because,
      details: { change: "ended", sessions },
    });
    return sessions === limits.jobSessionsChunk ? "more" : "ended";
  },
});
