// Patches of an object in its public form, which has no value: a merge patch (RFC 7386), a JSON patch
// (RFC 6902), and as much of a strategic merge patch as this fixed kind needs. Pure; what comes out is
// decoded and validated like any other body.
import { isDeepStrictEqual } from "node:util";
import { CofferError } from "../../core/errors.ts";

type Json = unknown;
type Members = Record<string, Json>;

function isObject(value: Json): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function mergePatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result: Members = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

/** Lists replace, as in a merge patch; the directives that clients write are honoured or dropped. */
export function strategicPatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const { $patch: directive, ...rest } = patch;
  if (directive === "delete") return {};
  const result: Members = isObject(target) && directive !== "replace" ? { ...target } : {};
  for (const [key, value] of Object.entries(rest)) {
    if (/^\$(setElementOrder\/|retainKeys$|deleteFromPrimitiveList\/)/.test(key)) continue;
    if (value === null || (isObject(value) && value.$patch === "delete")) delete result[key];
    else result[key] = strategicPatch(result[key], value);
  }
  return result;
}

/** A manifest laid over an object: what it does not name stays. Nobody's ownership is kept. */
export function applied(target: Json, manifest: Json): Json {
  if (!isObject(manifest)) return manifest;
  const result: Members = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(manifest)) {
    if (value !== null) result[key] = applied(result[key], value);
  }
  return result;
}

const operationsMax = 1_000;
/** Copies of copies would grow without end. */
const copiedCharactersMax = 1024 * 1024;

interface Operation {
  readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
  readonly path: readonly string[];
  readonly from: readonly string[];
  readonly value: Json;
}

/** A patch of good form whose operation cannot be done on this object. */
export class PatchFailed extends Error {
  override readonly name = "PatchFailed";
}

export function parseJsonPatch(body: Json): readonly Operation[] {
  if (!Array.isArray(body)) throw malformed("a JSON patch must be a list of operations");
  if (body.length > operationsMax)
    throw malformed(`a JSON patch must have at most ${operationsMax} operations`);
  return body.map((item: Json): Operation => {
    if (!isObject(item)) throw malformed("an operation must be an object");
    const op = (["add", "remove", "replace", "move", "copy", "test"] as const).find((it) => it === item.op);
    if (op === undefined) throw malformed("an operation is not known");
    const takes = op === "add" || op === "replace" || op === "test";
    if (takes && !Object.hasOwn(item, "value")) throw malformed(`"${op}" needs a value`);
    const moves = op === "move" || op === "copy";
    return {
      op,
      path: pointer(item.path),
      from: moves ? pointer(item.from) : [],
      value: item.value,
    };
  });
}

function pointer(text: Json): readonly string[] {
  if (text === "") return [];
  if (typeof text !== "string" || !text.startsWith("/")) throw malformed("a path must be a JSON pointer");
  return text
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function malformed(rule: string): CofferError {
  return new CofferError("request.invalid", `error decoding patch: ${rule}`, { field: "body" });
}

export function jsonPatch(target: Json, operations: readonly Operation[]): Json {
  let document = structuredClone(target);
  let copied = 0;
  for (const { op, path, from, value } of operations) {
    switch (op) {
      case "add":
        document = add(document, path, structuredClone(value));
        break;
      case "replace":
        get(document, path);
        document = add(remove(document, path), path, structuredClone(value));
        break;
      case "remove":
        document = remove(document, path);
        break;
      case "test":
        if (!isDeepStrictEqual(get(document, path), value)) throw new PatchFailed("test");
        break;
      case "copy": {
        const found = get(document, from);
        copied += JSON.stringify(found).length;
        if (copied > copiedCharactersMax) throw new PatchFailed("copies grow too large");
        document = add(document, path, structuredClone(found));
        break;
      }
      case "move": {
        if (from.length < path.length && from.every((part, index) => part === path[index]))
          throw new PatchFailed("into itself");
        const found = get(document, from);
        document = add(remove(document, from), path, found);
        break;
      }
    }
  }
  return document;
}

function get(document: Json, path: readonly string[]): Json {
  let at = document;
  for (const part of path) {
    if (Array.isArray(at)) at = at[indexIn(at, part, at.length - 1)];
    else if (isObject(at) && Object.hasOwn(at, part)) at = at[part];
    else throw new PatchFailed("no such path");
  }
  return at;
}

/** Where the last part of a path lies. */
function parentOf(document: Json, path: readonly string[]): Json[] | Members {
  const parent = get(document, path.slice(0, -1));
  if (Array.isArray(parent) || isObject(parent)) return parent;
  throw new PatchFailed("no such path");
}

function add(document: Json, path: readonly string[], value: Json): Json {
  const last = path.at(-1);
  if (last === undefined) return value;
  const parent = parentOf(document, path);
  if (Array.isArray(parent)) {
    parent.splice(last === "-" ? parent.length : indexIn(parent, last, parent.length), 0, value);
  } else {
    if (last === "__proto__") throw new PatchFailed("no such path");
    parent[last] = value;
  }
  return document;
}

function remove(document: Json, path: readonly string[]): Json {
  const last = path.at(-1);
  if (last === undefined) return null;
  const parent = parentOf(document, path);
  if (Array.isArray(parent)) parent.splice(indexIn(parent, last, parent.length - 1), 1);
  else {
    if (!Object.hasOwn(parent, last)) throw new PatchFailed("no such path");
    delete parent[last];
  }
  return document;
}

function indexIn(list: readonly Json[], part: string, max: number): number {
  const index = /^(0|[1-9]\d{0,8})$/.test(part) ? Number(part) : Number.NaN;
  if (!(index <= max) || (list.length === 0 && max < 0)) throw new PatchFailed("no such index");
  return index;
}
