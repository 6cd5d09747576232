// Revealing while access moves under every snapshot: decided and written down in one transaction, behind
// which whoever changes access waits. It takes more of the writer, so it comes after tries of the usual way.
import { RunAgain } from "../errors.ts";
import { mutation } from "../operation.ts";
import { allStand, recordOf, writeReveals } from "./record.ts";
import { type PreparedReveal, prepareReveal, type RevealInput } from "./reveal.ts";
import { refTarget } from "./target.ts";

export const revealOutright = mutation<RevealInput, PreparedReveal>({
  name: "reveal.outright",
  // It adds no more than any reveal.
  frees: true,
  action: "secret.reveal",
  target: ({ secret }) => refTarget(secret),
  run: async (tx, input) => {
    const { caller, at, organizationId } = input;
    await tx.access.holdEpochs(organizationId);
    const prepared = await prepareReveal.run(tx, input);
    const { epochs, organizationRevision: seenRevision } = prepared;
    const reveals = [{ ...recordOf(prepared), touch: true }];
    await writeReveals(tx, [{ caller, at, organizationId, epochs, seenRevision, reveals }]);
    // Access is held, the secret is not: it may have been deleted, or given another value, meanwhile.
    if (!(await allStand(tx, reveals))) throw new RunAgain("the secret changed");
    return prepared;
  },
});
