// The OpenAPI documents: version 3 as JSON, with the schemas that `kubectl explain` prints and the
// parameters by which clients know what the server checks itself; version 2 in the binary form that old
// clients ask for.
import { hash } from "node:crypto";
import { group, groupVersion, version } from "./status.ts";

interface Kind {
  readonly kind: "SecureValue" | "Keeper";
  readonly resource: "securevalues" | "keepers";
  readonly watched: boolean;
}

const kinds: readonly Kind[] = [
  { kind: "SecureValue", resource: "securevalues", watched: true },
  { kind: "Keeper", resource: "keepers", watched: false },
];

const schemaPrefix = "com.github.grafana.grafana.apps.secret.pkg.apis.secret.v1beta1.";
const metaPrefix = "io.k8s.apimachinery.pkg.apis.meta.v1.";
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const gvk = (kind: string) => ({ group, kind, version });
const text = (description: string) => ({ type: "string", description });
const list = (description: string) => ({
  type: "array",
  items: { type: "string" },
  description,
  "x-kubernetes-list-type": "atomic",
});

const schemas: Readonly<Record<string, unknown>> = {
  [`${metaPrefix}ObjectMeta`]: {
    type: "object",
    description: "Standard object's metadata.",
    properties: {
      name: text("Name must be unique within a namespace."),
      generateName: text("The beginning of a name that the server makes."),
      namespace: text("The namespace in which the name is unique."),
      uid: text("The unique in time and space value for this object."),
      resourceVersion: text("The version of this object; to be treated as opaque."),
      generation: { type: "integer", format: "int64", description: "Counts changes of the desired state." },
      creationTimestamp: { type: "string", format: "date-time", description: "When it was created." },
      labels: { type: "object", additionalProperties: { type: "string" }, description: "Labels." },
      annotations: { type: "object", additionalProperties: { type: "string" }, description: "Annotations." },
    },
  },
  ...objectSchemas("SecureValue", "Keeps a value for the services that it names.", {
    spec: {
      type: "object",
      required: ["description"],
      properties: {
        description: text(
          "Short description that explains the purpose of this secure value: 1 to 25 characters.",
        ),
        value: text("The value, at most 24576 bytes. It is never shown again."),
        ref: text("The name of a secret in the active keeper, where that is another than the system's."),
        decrypters: list("The services that may decrypt the value, at most 64."),
      },
    },
    status: {
      type: "object",
      properties: {
        version: { type: "integer", format: "int64", description: "Counts the values that it had." },
        externalID: text("Where another keeper holds it; empty for the system's."),
        keeper: text("The keeper that holds it."),
      },
    },
  }),
  ...objectSchemas("Keeper", "Says where the values of a namespace are kept.", {
    spec: {
      type: "object",
      required: ["description"],
      properties: {
        description: text("Short description of the keeper: 1 to 253 characters."),
        aws: {
          type: "object",
          description: "AWS Secrets Manager.",
          properties: {
            region: text("The region."),
            assumeRole: {
              type: "object",
              properties: { assumeRoleArn: text("The role."), externalID: text("The external id.") },
            },
          },
        },
      },
    },
  }),
};

function objectSchemas(
  kind: Kind["kind"],
  description: string,
  parts: Readonly<{ spec: unknown; status?: unknown }>,
): Readonly<Record<string, unknown>> {
  const name = `${schemaPrefix}${kind}`;
  const { spec, status } = parts;
  return {
    [name]: {
      type: "object",
      description,
      required: ["metadata", "spec"],
      properties: {
        apiVersion: text("The versioned schema of this representation of an object."),
        kind: text("The REST resource that this object represents."),
        metadata: { allOf: [ref(`${metaPrefix}ObjectMeta`)], description: "Standard object's metadata." },
        spec: { allOf: [ref(`${name}Spec`)], description: "What is wanted." },
        ...(status === undefined
          ? {}
          : { status: { allOf: [ref(`${name}Status`)], description: "What is, as the server says." } }),
      },
      "x-kubernetes-group-version-kind": [gvk(kind)],
    },
    [`${name}Spec`]: spec,
    ...(status === undefined ? {} : { [`${name}Status`]: status }),
    [`${name}List`]: {
      type: "object",
      required: ["items"],
      properties: {
        apiVersion: text("The versioned schema of this representation of an object."),
        kind: text("The REST resource that this object represents."),
        metadata: { type: "object" },
        items: { type: "array", items: ref(name) },
      },
      "x-kubernetes-group-version-kind": [gvk(`${kind}List`)],
    },
  };
}

const query = (name: string, type = "string") => ({ name, in: "query", schema: { type } });
const writes = ["dryRun", "fieldManager", "fieldValidation"].map((name) => query(name));
const selects = [
  ...["labelSelector", "fieldSelector", "continue", "resourceVersion", "resourceVersionMatch"].map((name) =>
    query(name),
  ),
  query("limit", "integer"),
];
const watches = [
  query("watch", "boolean"),
  query("allowWatchBookmarks", "boolean"),
  query("sendInitialEvents", "boolean"),
  query("timeoutSeconds", "integer"),
];
const inPath = (name: string) => ({ name, in: "path", required: true, schema: { type: "string" } });

function operation(
  { kind }: Kind,
  action: string,
  parts: { parameters?: readonly unknown[]; body?: readonly string[]; answer?: string; status?: string },
) {
  const { parameters = [], body, answer = kind, status = "200" } = parts;
  const shown = { "application/json": { schema: ref(`${schemaPrefix}${answer}`) } };
  return {
    operationId: `${action}${kind}`,
    parameters,
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            content: Object.fromEntries(
              body.map((type) => [type, { schema: ref(`${schemaPrefix}${kind}`) }]),
            ),
          },
        }),
    responses: { [status]: { description: "OK", content: shown } },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": gvk(kind),
  };
}

function pathsOf(kind: Kind): Readonly<Record<string, unknown>> {
  const all = `/apis/${groupVersion}/namespaces/{namespace}/${kind.resource}`;
  const body = ["application/json", "application/yaml"];
  const patches = [
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
  ];
  const listing = { parameters: [...selects, ...(kind.watched ? watches : [])], answer: `${kind.kind}List` };
  return {
    [all]: {
      parameters: [inPath("namespace")],
      get: operation(kind, "list", listing),
      post: operation(kind, "post", { parameters: writes, body, status: "201" }),
      ...(kind.watched
        ? { delete: operation(kind, "deletecollection", { parameters: [...selects, query("dryRun")] }) }
        : {}),
    },
    [`${all}/{name}`]: {
      parameters: [inPath("namespace"), inPath("name")],
      get: operation(kind, "get", {}),
      put: operation(kind, "put", { parameters: writes, body }),
      patch: operation(kind, "patch", { parameters: [...writes, query("force", "boolean")], body: patches }),
      delete: operation(kind, "delete", { parameters: [query("dryRun")] }),
    },
    ...(kind.watched
      ? { [`/apis/${groupVersion}/${kind.resource}`]: { get: operation(kind, "list", listing) } }
      : {}),
  };
}

const title = "Coffer: secret.grafana.app";

/** As text: it never changes while the server runs. */
export const document: string = JSON.stringify({
  openapi: "3.0.0",
  info: { title, version },
  paths: Object.assign({}, ...kinds.map(pathsOf)),
  components: { schemas },
});

export const documentPath = `/openapi/v3/apis/${groupVersion}`;

export const index = {
  paths: {
    [`apis/${groupVersion}`]: {
      serverRelativeURL: `${documentPath}?hash=${hash("sha256", document, "hex").toUpperCase()}`,
    },
  },
};

export const version2 = { swagger: "2.0", info: { title, version }, paths: {}, definitions: {} };

/** With dots: older clients cannot read a media type that has an `@`. */
export const version2Type = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

// ---- the binary form: a field is its number, its wire type and, here always, its length -------------

function field(number: number, content: Buffer | string): Buffer {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

/** No more than clients look for: that a PATCH of each kind takes `dryRun`. */
export const version2Binary: Buffer = Buffer.concat([
  field(1, "2.0"),
  field(2, Buffer.concat([field(1, title), field(2, version)])),
  field(8, Buffer.concat(kinds.map((kind) => field(2, namedPath(kind))))),
]);

function namedPath({ kind, resource }: Kind): Buffer {
  const parameters = ["dryRun", "fieldManager", "fieldValidation", "force"].map((name) => {
    const inQuery = Buffer.concat([field(2, "query"), field(4, name), field(6, "string")]);
    // Operation.parameters > ParametersItem.parameter > Parameter.non_body > query
    return field(8, field(1, field(2, field(3, inQuery))));
  });
  const yaml = `group: ${group}\nkind: ${kind}\nversion: ${version}\n`;
  const extension = Buffer.concat([field(1, "x-kubernetes-group-version-kind"), field(2, field(2, yaml))]);
  const patch = Buffer.concat([...parameters, field(13, extension)]);
  return Buffer.concat([
    field(1, `/apis/${groupVersion}/namespaces/{namespace}/${resource}/{name}`),
    field(2, field(8, patch)),
  ]);
}
