// Keys on the wire: what is told of them. No key, wrapped or not, is ever part of it.
import { type Static, Type } from "typebox";
import type { InstallationKeyStatus } from "../../core/keys/installation.ts";
import type { Step } from "../../core/keys/resealer.ts";
import type { RootKeeper } from "../../core/keys/root.ts";
import type { KeyStatus } from "../../core/keys/status.ts";
import type { Term } from "../../core/keys/term.ts";
import { timeOrNull, time as timeText } from "./present.ts";
import { list, nullable, oneOf, text, time, whole } from "./schema.ts";

const termMembers = {
  term: whole,
  id: text,
  state: oneOf(["current", "retired", "destroyed"]),
  rootKeyId: text,
  /** Counted before they are made; a term ends before 2^30. */
  sealsReserved: whole,
  createdAt: time,
  retiredAt: nullable(time),
  /** Since when nothing is sealed under it. */
  emptiedAt: nullable(time),
  destroyedAt: nullable(time),
};
export const term = Type.Object(termMembers);

export const keyStatus = Type.Object({
  terms: list(Type.Object({ ...termMembers, versions: whole })),
  progress: Type.Object({ total: whole, done: whole }),
});

export const rewrapped = Type.Object({
  moved: whole,
  /** Values that do not open. They stay where they are. */
  damaged: whole,
  /** Whether everything was looked at; asking again begins anew. */
  ended: Type.Boolean(),
  left: Type.Boolean(),
});

export const installationKeyStatus = Type.Object({
  terms: list(term),
  rootKeys: list(
    Type.Object({
      id: text,
      state: oneOf(["added", "current", "leaving", "retired", "destroyed"]),
      /** How many keys it wraps. */
      keys: whole,
      /** Whether the answering node was given it. */
      held: Type.Boolean(),
      /** What keeps it, and its own name for the key that wraps it; null where it is not held. */
      provider: nullable(text),
      providerKeyId: nullable(text),
      addedAt: time,
      currentAt: nullable(time),
      emptiedAt: nullable(time),
      retiredAt: nullable(time),
      destroyedAt: nullable(time),
    }),
  ),
  nodes: list(Type.Object({ id: text, name: text, rootKeys: list(text), seenAt: time })),
  /** How many of all wrapped keys the current root key wraps. */
  progress: Type.Object({ total: whole, done: whole }),
});

export function presentTerm(it: Term): Static<typeof term> {
  return {
    term: it.number,
    id: it.id,
    state: it.state,
    rootKeyId: it.rootKeyId,
    sealsReserved: it.sealsReserved,
    createdAt: timeText(it.createdAt),
    retiredAt: timeOrNull(it.retiredAt),
    emptiedAt: timeOrNull(it.emptiedAt),
    destroyedAt: timeOrNull(it.destroyedAt),
  };
}

export function presentKeyStatus({ terms, progress }: KeyStatus): Static<typeof keyStatus> {
  return { terms: terms.map((it) => ({ ...presentTerm(it), versions: it.versions })), progress };
}

export function presentStep({ moved, damaged, ended, left }: Step): Static<typeof rewrapped> {
  return { moved, damaged, ended, left };
}

export function presentInstallationKeys(
  status: InstallationKeyStatus & { readonly keepers: ReadonlyMap<string, RootKeeper> },
): Static<typeof installationKeyStatus> {
  const { terms, rootKeys, nodes, keepers } = status;
  const count = (of: typeof rootKeys) => of.reduce((sum, { keys }) => sum + keys, 0);
  return {
    terms: terms.map(presentTerm),
    rootKeys: rootKeys.map((root) => ({
      id: root.id,
      state: root.state,
      keys: root.keys,
      held: keepers.has(root.id),
      provider: keepers.get(root.id)?.provider ?? null,
      providerKeyId: keepers.get(root.id)?.keyId ?? null,
      addedAt: timeText(root.addedAt),
      currentAt: timeOrNull(root.currentAt),
      emptiedAt: timeOrNull(root.emptiedAt),
      retiredAt: timeOrNull(root.retiredAt),
      destroyedAt: timeOrNull(root.destroyedAt),
    })),
    nodes: nodes.map((node) => ({
      id: node.id,
      name: node.name,
      rootKeys: [...node.rootKeys],
      seenAt: timeText(node.seenAt),
    })),
    progress: { total: count(rootKeys), done: count(rootKeys.filter(({ state }) => state === "current")) },
  };
}
