// Which nodes run, and which root keys each of them holds: one becomes the key that wraps only when
// every node that runs holds it. Where there can be one node alone, none announces itself.
import { RunAgain } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Command, Query, ReadTransaction } from "../ports.ts";
import { type RootStanding, standingOf } from "./root.ts";

export interface NodeSeen {
  readonly id: string;
  readonly name: string;
  readonly rootKeys: readonly string[];
  readonly seenAt: number;
}

interface AnnounceInput {
  readonly node: Omit<NodeSeen, "seenAt">;
}

/** A node says what it holds, and learns which root key wraps; nodes that are long gone are forgotten. */
export const announceNode: Command<AnnounceInput, RootStanding> = {
  name: "nodes.announce",
  run: async (tx, { node }) => {
    const standing = standingOf(await tx.keys.rootKeys());
    // Held until the commit: a change of it sees this node, or this node sees the change.
    if (standing.current !== null && !(await tx.keys.isWrapping(standing.current))) throw new RunAgain();
    await tx.keys.announceNode(node);
    const { now, nodes } = await tx.keys.nodes();
    for (const { id, seenAt } of nodes) {
      if (now - seenAt > limits.nodeForgottenMs) await tx.keys.removeNode(id);
    }
    return standing;
  },
};

export const removeNode: Command<{ readonly id: string }, null> = {
  name: "nodes.remove",
  run: async (tx, { id }) => {
    await tx.keys.removeNode(id);
    return null;
  },
};

/**
 * The node that has run longest does what one alone should do. When it falls silent the next one does, by
 * the database's clock; for a moment both may, so whatever they do is safe when it is done twice.
 */
export const leadingNode: Query<null, string | null> = {
  name: "nodes.leading",
  run: async (tx) => {
    const ids = (await liveNodes(tx)).map(({ id }) => id);
    return ids.toSorted()[0] ?? null;
  },
};

export async function liveNodes(tx: ReadTransaction): Promise<readonly NodeSeen[]> {
  const { now, nodes } = await tx.keys.nodes();
  // A time that cannot be read counts as now: rather wait for a node that is gone than forget one.
  return nodes.filter(({ seenAt }) => !(now - seenAt > limits.nodeLeaseMs));
}
