// From the bytes of a body to an object of its Go type: JSON or YAML, strictly. What was unknown or
// repeated is found for whoever asks; what was wrong is said, what was sent is never repeated: the body
// holds a value. V8 and YAML quote the source in their messages, so theirs go nowhere.
import { type Document, isMap, isScalar, isSeq, visit } from "yaml";
import { CofferError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import { documentOf, excessOf } from "../../core/yaml.ts";
import { parseJson } from "../../http/json.ts";
import { findingsKeptMax, joined, pathShownMax, repeatedMembers } from "./repeated.ts";
import type { Shape, Struct } from "./schema.ts";
import { groupVersion, quoted, version } from "./status.ts";

export interface Decoded<T> {
  readonly object: T;
  /** `unknown field "spec.bogus"`, `duplicate field "spec.value"`. */
  readonly findings: readonly string[];
}

/** A body as plain data, before anybody knows what it should be. */
export interface Parsed {
  readonly value: unknown;
  readonly repeated: readonly string[];
}

/** Aliases could make a small body a large one. */
const refused = new Set(["alias"]);

export function parseBody(bytes: Buffer | undefined, form: "json" | "yaml", kind: string): Parsed {
  if (bytes === undefined || bytes.length === 0) throw unreadable(kind, "unexpected end of JSON input");
  return form === "yaml" ? parseYaml(bytes, kind) : parseJsonBody(bytes, kind);
}

function parseJsonBody(bytes: Buffer, kind: string): Parsed {
  let value: unknown;
  try {
    value = parseJson(bytes);
  } catch (error) {
    if (!(error instanceof CofferError)) throw error;
    throw unreadable(kind, error.message);
  }
  return { value, repeated: repeatedMembers(bytes.toString("utf8")) };
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function parseYaml(bytes: Buffer, kind: string): Parsed {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw notYaml(kind);
  }
  // What kubectl sends by that name; its own parser takes a hundredth of the time.
  if (isJson(text)) return parseJsonBody(bytes, kind);
  const excess = excessOf(text, { depthMax: limits.bodyDepthMax, refused });
  if (excess?.kind === "depth") throw unreadable(kind, "exceeded max depth");
  if (excess?.kind === "lexemes" || excess?.kind === "lines")
    throw unreadable(kind, `exceeded max ${excess.kind === "lines" ? "lines" : "tokens"}`);
  if (excess !== null) throw notYaml(kind);
  try {
    return plain(documentOf(text, { options, firstAlone: true }));
  } catch {
    throw notYaml(kind);
  }
}

function isJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const options = { schema: "core", uniqueKeys: false, stringKeys: true, prettyErrors: false } as const;

function plain(document: Document.Parsed): Parsed {
  const repeated: string[] = [];
  visit(document, {
    Map: (_key, map, path) => {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        const name = isScalar(key) ? String(key.value) : "";
        if (name === "__proto__") throw new Error("prototype");
        if (seen.has(name) && repeated.length < findingsKeptMax)
          repeated.push(joined([...pathOf(path), name]));
        seen.add(name);
      }
    },
  });
  return { value: document.toJS({ maxAliasCount: 0 }), repeated };
}

function notYaml(kind: string): CofferError {
  return unreadable(kind, "error converting YAML to JSON");
}

type Ancestors = Parameters<Extract<Parameters<typeof visit>[1], { Map?: unknown }>["Map"] & object>[2];

function pathOf(ancestors: Ancestors): string[] {
  const path: string[] = [];
  for (const node of ancestors) {
    if (!isMap(node) && !isSeq(node) && "key" in node && isScalar(node.key))
      path.push(String(node.key.value));
  }
  return path;
}

function unreadable(kind: string, detail: string): CofferError {
  return badBody(
    `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ${detail}`,
  );
}

function badBody(message: string): CofferError {
  return new CofferError("request.invalid", message, { field: "body" });
}

/** Members of the wrong type are an error; unknown ones are left out and told. */
export function decode<T>(struct: Struct, { value, repeated }: Parsed): Decoded<T> {
  const findings = repeated.map((path) => `duplicate field ${quoted(path)}`);
  const object = ofStruct(struct, value, { root: struct.type, path: "", struct: struct.type, findings });
  return { object: object as T, findings }; // what the shape let through is of its type
}

interface At {
  readonly root: string;
  readonly path: string;
  readonly struct: string;
  readonly findings: string[];
}

function ofStruct(struct: Struct, value: unknown, at: At): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrongType(value, struct.type, at);
  }
  const object: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    const path = at.path === "" ? name : `${at.path}.${name}`;
    const shape = Object.hasOwn(struct.fields, name) ? struct.fields[name] : undefined;
    if (shape === undefined) {
      if (at.findings.length < findingsKeptMax)
        at.findings.push(`unknown field ${quoted(path.slice(0, pathShownMax))}`);
    } else if (member !== null) {
      object[name] = ofShape(shape, member, { ...at, path, struct: struct.type });
    }
  }
  return object;
}

function ofShape(shape: Shape, value: unknown, at: At): unknown {
  if (shape === "anything") return value;
  if (shape === "string" || shape === "bool") {
    if (typeof value !== (shape === "bool" ? "boolean" : "string")) throw wrongType(value, shape, at);
    if (typeof value === "string" && !value.isWellFormed()) throw wrongType(value, shape, at);
    return value;
  }
  if (shape === "int64") {
    if (!Number.isSafeInteger(value)) throw wrongType(value, shape, at);
    return value;
  }
  if ("list" in shape) {
    if (!Array.isArray(value)) throw wrongType(value, `[]${nameOf(shape.list)}`, at);
    return value.map((item, index) =>
      item === null ? zeroOf(shape.list) : ofShape(shape.list, item, { ...at, path: `${at.path}[${index}]` }),
    );
  }
  if ("map" in shape) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw wrongType(value, "map[string]string", at);
    }
    const entries = Object.entries(value).map(([key, item]) => {
      if (item !== null && typeof item !== "string") throw wrongType(item, "string", at);
      return [key, item ?? ""] as const;
    });
    return Object.fromEntries(entries);
  }
  return ofStruct(shape, value, at);
}

function zeroOf(shape: Shape): unknown {
  return shape === "string" ? "" : {};
}

function nameOf(shape: Shape): string {
  return typeof shape === "object" && "type" in shape ? shape.type : String(shape);
}

function wrongType(value: unknown, wanted: string, { root, path, struct }: At): CofferError {
  const found = Array.isArray(value) ? "array" : value === null ? "null" : typeof value;
  const known = found === "boolean" ? "bool" : found;
  const where =
    path === "" ? `Go value of type ${wanted}` : `Go struct field ${struct}.${path} of type ${wanted}`;
  return badBody(`${cannotBeHandled(root)}: json: cannot unmarshal ${known} into ${where}`);
}

function cannotBeHandled(kind: string): string {
  return `${kind} in version ${quoted(version)} cannot be handled as a ${kind}`;
}

export function strictError(kind: string, findings: readonly string[]): CofferError {
  const { length } = findings;
  const shown = findings.slice(0, findingsShownMax).join(", ");
  const more = length > findingsShownMax ? `, and ${length - findingsShownMax} more` : "";
  return badBody(`${cannotBeHandled(kind)}: strict decoding error: ${shown}${more}`);
}

export const findingsShownMax = 16;

/** Where a body says what it is, it must be this. */
export function demandKind(
  { apiVersion, kind }: { readonly apiVersion?: string; readonly kind?: string },
  expected: string,
): void {
  if (apiVersion !== undefined && apiVersion !== "" && apiVersion !== groupVersion) {
    throw badBody(
      `the API version in the data (${shortened(apiVersion)}) does not match the expected API version (${groupVersion})`,
    );
  }
  if (kind !== undefined && kind !== "" && kind !== expected) {
    throw badBody(
      `no kind ${quoted(shortened(kind))} is registered for version ${quoted(groupVersion)}; expected ${quoted(expected)}`,
    );
  }
}

function shortened(text: string): string {
  return text.length > pathShownMax ? `${text.slice(0, pathShownMax)}...` : text;
}
