// Tables: how `kubectl get` asks for a list, an object or an event, and what it prints.
import type { KubeObject } from "./present.ts";

export interface Column {
  readonly name: string;
  readonly type: "string";
  readonly format: string;
  readonly description: string;
  readonly priority: 0;
}

export const column = (name: string, description: string, format = "string"): Column => ({
  name,
  type: "string",
  format,
  description,
  priority: 0,
});

export interface TableForm {
  readonly version: "v1" | "v1beta1";
  /** What of an object goes with its row. */
  readonly include: "None" | "Metadata" | "Object";
}

/** One entry of an Accept header. */
interface Accepted {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

function acceptedOf(header: string | undefined): readonly Accepted[] {
  if (header === undefined || header.trim() === "") return [{ type: "*/*", parameters: {} }];
  return header.split(",").map((entry) => {
    const [type = "", ...rest] = entry.split(";").map((part) => part.trim());
    const parameters = Object.fromEntries(
      rest.map((part) => {
        const [name = "", value = ""] = part.split("=");
        return [name.trim().toLowerCase(), value.trim()];
      }),
    );
    return { type: type.toLowerCase(), parameters };
  });
}

/** Everything here is JSON; null where the client takes none. */
export function negotiated(
  accept: string | undefined,
  includeObject: string | undefined,
): TableForm | "plain" | null {
  for (const { type, parameters } of acceptedOf(accept)) {
    const json = type === "application/json";
    if (json && parameters.as === "Table" && parameters.g === "meta.k8s.io") {
      const { v } = parameters;
      if (v !== "v1" && v !== "v1beta1") continue;
      const include = (["None", "Object"] as const).find((it) => it === includeObject) ?? "Metadata";
      return { version: v, include };
    }
    if (parameters.as !== undefined) continue;
    if (json || type === "*/*" || type === "application/*") return "plain";
  }
  return null;
}

export function table(
  form: TableForm,
  metadata: Readonly<Record<string, unknown>>,
  columns: readonly Column[],
  rows: readonly { readonly cells: readonly string[]; readonly object: KubeObject }[],
): Readonly<Record<string, unknown>> {
  const { version, include } = form;
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: columns,
    rows: rows.map(({ cells, object }) => ({
      cells,
      ...(include === "None" ? {} : { object: include === "Object" ? object : partOf(object, version) }),
    })),
  };
}

function partOf({ metadata }: KubeObject, version: TableForm["version"]) {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, metadata };
}
