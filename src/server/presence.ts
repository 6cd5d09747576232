// A node among others: it says which root keys it holds, and learns which one wraps. A root key begins
// to wrap when every node that runs has said that it holds it.
import { CofferError } from "../core/errors.ts";
import { announceNode, leadingNode, removeNode } from "../core/keys/nodes.ts";
import type { Context } from "../core/ports.ts";
import type { EngineLog } from "../storage/engine.ts";

export interface Presence {
  announce(): Promise<void>;
  /** Whether this node does what one node alone should do; asked before each time that it does it. */
  leads(): Promise<boolean>;
  leave(): Promise<void>;
  /** A root key without which this node cannot open everything. */
  readonly lacks: string | null;
}

/** Where no other node can be. */
export const noPresence: Presence = {
  announce: async () => {},
  leads: async () => true,
  leave: async () => {},
  lacks: null,
};

interface Parts extends Pick<Context, "database" | "keyring"> {
  readonly id: string;
  readonly name: string;
  readonly log: EngineLog;
}

export function presenceOf({ database, keyring, id, name, log }: Parts): Presence {
  let lacks: string | null = null;
  return {
    get lacks() {
      return lacks;
    },
    async announce() {
      // A new key file is seen by every node without a restart.
      await keyring.rereadRoots().catch((error: unknown) => {
        log.warn(
          { reason: error instanceof CofferError ? error.message : "unknown" },
          "the root keys cannot be read",
        );
      });
      const { held, known } = keyring.rootKeys();
      const { current, leaving, emptied } = await database.execute(announceNode, {
        node: { id, name, rootKeys: held },
      });
      if (current !== null) keyring.wrapUnder(current);
      const needed = [current, emptied ? null : leaving];
      lacks = needed.find((root) => root !== null && !known.includes(root)) ?? null;
      if (lacks !== null) log.error({ expects: lacks }, "this node lacks a root key that wraps keys");
    },
    async leads() {
      return (await database.point(leadingNode, null)) === id;
    },
    async leave() {
      await database.execute(removeNode, { id });
    },
  };
}
