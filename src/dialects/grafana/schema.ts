// The objects of this dialect, as the wire has them: their members with their Go types, by which bodies
// are decoded, and the types of what was decoded.

/** How one member is decoded. Null is the same as absent everywhere, as in Go. */
export type Shape =
  | "string"
  | "int64"
  | "bool"
  | "anything"
  | { readonly map: "string" }
  | ListShape
  | Struct;

interface ListShape {
  readonly list: Shape;
}

export interface Struct {
  /** The Go type that upstream's messages name. */
  readonly type: string;
  readonly fields: Readonly<Record<string, Shape>>;
}

const owner: Struct = {
  type: "OwnerReference",
  fields: {
    apiVersion: "string",
    kind: "string",
    name: "string",
    uid: "string",
    controller: "bool",
    blockOwnerDeletion: "bool",
  },
};

const metadata: Struct = {
  type: "ObjectMeta",
  fields: {
    name: "string",
    generateName: "string",
    namespace: "string",
    selfLink: "string",
    uid: "string",
    resourceVersion: "string",
    generation: "int64",
    creationTimestamp: "string",
    deletionTimestamp: "string",
    deletionGracePeriodSeconds: "int64",
    labels: { map: "string" },
    annotations: { map: "string" },
    ownerReferences: { list: owner },
    finalizers: { list: "string" },
    managedFields: "anything",
  },
};

function objectOf(type: string, spec: Struct["fields"], status: Shape): Struct {
  return {
    type,
    fields: {
      apiVersion: "string",
      kind: "string",
      metadata,
      spec: { type: `${type}Spec`, fields: spec },
      status,
    },
  };
}

// Whatever a client sends as status is ignored.
export const secureValue = objectOf(
  "SecureValue",
  { description: "string", value: "string", ref: "string", decrypters: { list: "string" } },
  "anything",
);

const aws: Struct = {
  type: "KeeperAWSConfig",
  fields: {
    region: "string",
    assumeRole: {
      type: "KeeperAWSAssumeRole",
      fields: { assumeRoleArn: "string", externalID: "string" },
    },
  },
};

/** The providers of earlier versions are known by name, so that they can be refused by name. */
export const keeper = objectOf(
  "Keeper",
  { description: "string", aws, azure: "anything", gcp: "anything", hashiCorpVault: "anything" },
  "anything",
);

export const deleteOptions: Struct = {
  type: "DeleteOptions",
  fields: {
    apiVersion: "string",
    kind: "string",
    gracePeriodSeconds: "int64",
    preconditions: { type: "Preconditions", fields: { uid: "string", resourceVersion: "string" } },
    orphanDependents: "bool",
    propagationPolicy: "string",
    dryRun: { list: "string" },
    ignoreStoreReadErrorWithClusterBreakingPotential: "bool",
  },
};

export interface OwnerReference {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export type Strings = Readonly<Record<string, string>>;

export interface ObjectMeta {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly labels?: Strings;
  readonly annotations?: Strings;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly managedFields?: unknown;
}

/** An object as a client sent it: every member of its Go type, unknown ones gone. */
export interface Wire<Spec = Readonly<Record<string, unknown>>> {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
  readonly spec?: Spec;
}

export interface SecureValueSpec {
  readonly description?: string;
  readonly value?: string;
  readonly ref?: string;
  readonly decrypters?: readonly string[];
}

export interface KeeperSpec {
  readonly description?: string;
  readonly aws?: {
    readonly region?: string;
    readonly assumeRole?: { readonly assumeRoleArn?: string; readonly externalID?: string };
  };
  readonly azure?: unknown;
  readonly gcp?: unknown;
  readonly hashiCorpVault?: unknown;
}

export interface DeleteOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: readonly string[];
}
