// The installation's own key, which seals the few keys for the server's own use: its terms, its
// rotation, and what operators see of keys as a whole.
import { permitOperator } from "../access.ts";
import { entryOf, mutation } from "../operation.ts";
import type { KeyRecord, Query } from "../ports.ts";
import { destroyTerm } from "./destroy.ts";
import { liveNodes, type NodeSeen } from "./nodes.ts";
import { demandWrapping, type OperatorCall, type RootKeyRecord } from "./root.ts";
import { nextTerm, refuseTooMany } from "./rotate.ts";
import { keyRotated, type Term, termTarget } from "./term.ts";

export interface RootKeyStatus extends RootKeyRecord {
  /** How many keys it wraps. */
  readonly keys: number;
}

export interface InstallationKeyStatus {
  readonly terms: readonly Term[];
  readonly rootKeys: readonly RootKeyStatus[];
  /** Those that run. Where there can be one alone, none announces itself. */
  readonly nodes: readonly NodeSeen[];
}

export const installationKeyStatus: Query<OperatorCall, InstallationKeyStatus> = {
  name: "keys.installation-status",
  run: async (tx, input) => {
    await permitOperator(tx, input, "key.read");
    const rootKeys: RootKeyStatus[] = [];
    for (const root of await tx.keys.rootKeys()) {
      rootKeys.push({ ...root, keys: await tx.keys.wrappedCount(root.id) });
    }
    return { terms: await tx.keys.terms(null), rootKeys, nodes: await liveNodes(tx) };
  },
};

export interface ResealedInternalKey {
  readonly id: string;
  readonly before: Uint8Array;
  readonly sealed: Uint8Array;
}

interface RotateInput extends OperatorCall {
  readonly key: KeyRecord;
  readonly internalKeys: readonly ResealedInternalKey[];
}

/** In one transaction: what it seals is a handful of keys. */
export const rotateInstallationKey = mutation<RotateInput, null>({
  name: "keys.rotate-installation",
  action: "key.manage",
  target: () => termTarget(null),
  run: async (tx, input) => {
    const { key, internalKeys, at } = input;
    const { because } = await permitOperator(tx, input, "key.manage");
    await demandWrapping(tx, key.rootKeyId);
    const terms = await tx.keys.terms(null);
    refuseTooMany(terms);
    if (nextTerm(terms) !== key.term || !(await tx.keys.insertTerm(key))) throw keyRotated();
    const older = await tx.keys.retireBefore(null, key.term, at);
    for (const { id, before, sealed } of internalKeys) {
      if (!(await tx.keys.replaceInternal({ id, before }, { term: key.term, sealed }))) throw keyRotated();
    }
    for (const { number } of older) if (await tx.keys.isReferenced(null, number)) throw keyRotated();
    await tx.audit.append(
      entryOf(input, {
        organizationId: null,
        action: "key.manage",
        target: termTarget(key),
        outcome: "allowed",
        because,
        details: { change: "rotated", term: key.term, internalKeys: internalKeys.length },
      }),
    );
    return null;
  },
});

interface DestroyInput extends OperatorCall {
  readonly term: number;
}

export const destroyInstallationKey = mutation<DestroyInput, null>({
  name: "keys.destroy-installation",
  action: "key.manage",
  target: () => termTarget(null),
  run: async (tx, input) => {
    const { because } = await permitOperator(tx, input, "key.manage");
    const destroyed = await destroyTerm(tx, null, input.term, input.at);
    await tx.audit.append(
      entryOf(input, {
        organizationId: null,
        action: "key.manage",
        target: termTarget(destroyed),
        outcome: "allowed",
        because,
        details: { change: "destroyed", term: input.term, references: 0 },
      }),
    );
    return null;
  },
});
