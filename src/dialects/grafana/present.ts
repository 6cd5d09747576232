// Objects as this dialect's clients see them. There is no value here: what is presented has none.
import type { Actor } from "../../core/caller.ts";
import { createdBy, keptAnnotations, updatedBy, updatedTimestamp } from "./metadata.ts";
import type { OwnerReference, Strings } from "./schema.ts";
import { groupVersion } from "./status.ts";

/** What is stored of an object, whichever noun it is. */
export interface Stored {
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  /** Null: of no revision yet, as in a dry run. */
  readonly revision: number | null;
  readonly generation: number;
  readonly createdAt: number;
  readonly createdBy: Actor;
  readonly updatedAt: number | null;
  readonly updatedBy: Actor | null;
  readonly labels: Strings;
  readonly annotations: Strings;
  readonly generateName: string | null;
  readonly owners: readonly OwnerReference[];
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status: Readonly<Record<string, unknown>> | null;
}

export interface KubeObject {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

export function kubeObject(kind: string, stored: Stored): KubeObject {
  const { spec, status } = stored;
  return {
    kind,
    apiVersion: groupVersion,
    metadata: metadataOf(stored),
    spec,
    ...(status === null ? {} : { status }),
  };
}

function metadataOf(stored: Stored): Readonly<Record<string, unknown>> {
  const { name, namespace, id: uid, revision, generation, labels, generateName, owners } = stored;
  return {
    name,
    ...(generateName === null ? {} : { generateName }),
    namespace,
    uid,
    ...(revision === null ? {} : { resourceVersion: String(revision) }),
    generation,
    creationTimestamp: seconds(stored.createdAt),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    annotations: {
      ...keptAnnotations(stored.annotations),
      [createdBy]: actor(stored.createdBy),
      [updatedBy]: actor(stored.updatedBy ?? stored.createdBy),
      [updatedTimestamp]: seconds(stored.updatedAt ?? stored.createdAt),
    },
    ...(owners.length === 0 ? {} : { ownerReferences: owners }),
  };
}

function actor({ kind, id }: Actor): string {
  return `${kind === "person" ? "user" : "service-account"}:${id}`;
}

/** Whole seconds: Go's clients read no others into a time of an object. */
export function seconds(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

export function bookmark(kind: string, revision: number, ended: boolean): KubeObject {
  const annotations = { "k8s.io/initial-events-end": "true" };
  const metadata = {
    resourceVersion: String(revision),
    creationTimestamp: null,
    ...(ended ? { annotations } : {}),
  };
  return { kind, apiVersion: groupVersion, metadata };
}
