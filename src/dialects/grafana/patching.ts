// PATCH: each media type is another way to say what an object is to become. What comes of it is an update
// like any other; an apply of what is not there yet is a create.
import { CofferError } from "../../core/errors.ts";
import { decode, type Parsed, parseBody } from "./decode.ts";
import { mediaType, unsupported } from "./media.ts";
import type { Kept, Noun } from "./noun.ts";
import { type WriteOptions, writeOptions } from "./options.ts";
import { applied, jsonPatch, mergePatch, PatchFailed, parseJsonPatch, strategicPatch } from "./patch.ts";
import type { Asked } from "./route.ts";
import type { Wire } from "./schema.ts";
import { type Answer, failure, group, invalid, invalidField, isAnswer } from "./status.ts";
import { type Change, create, heeded, update } from "./writing.ts";

const accepted =
  "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml";

/** From an object to what the patch makes of it. */
type Patch = (target: unknown) => unknown;

export async function patchedBy<R extends Kept, S>(noun: Noun<R, S>, asked: Asked): Promise<Answer> {
  const { at, name, query, body, request } = asked;
  const type = mediaType(request.headers["content-type"]);
  const apply = type === "application/apply-patch+yaml";
  const options = writeOptions("PatchOptions", query, { apply });
  if (isAnswer(options)) return options;
  const parsed = parseBody(body, apply ? "yaml" : "json", noun.kind);
  if (apply) return appliedBy(noun, asked, parsed, options);
  const patch = patchOf(type, parsed.value);
  let headers: Answer["headers"] = {};
  const change: Change<S> = (current) => {
    let value: unknown;
    try {
      value = patch(structuredClone(current));
    } catch (error) {
      if (error instanceof PatchFailed) return failed;
      throw error;
    }
    const result = heeded(
      noun.kind,
      decode<Wire<S>>(noun.struct, { ...parsed, value }),
      options.fieldValidation,
    );
    headers = result.headers;
    return demandSelf(noun, result.object, current) ?? result.object;
  };
  return { ...(await update(noun, at, name, change, options)), headers };
}

const failed = failure(422, "Invalid", "the server rejected our request due to an error in our request", {});

function patchOf(type: string, value: unknown): Patch {
  switch (type) {
    case "application/merge-patch+json":
      return (target) => mergePatch(target, demandObject(value));
    case "application/strategic-merge-patch+json":
      return (target) => strategicPatch(target, demandObject(value));
    case "application/json-patch+json": {
      const operations = parseJsonPatch(value);
      return (target) => jsonPatch(target, operations);
    }
    default:
      throw unsupported(accepted);
  }
}

function demandObject(value: unknown): unknown {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new CofferError("request.invalid", "error decoding patch: it must be an object", { field: "body" });
}

/** A patch does not make another object of one. */
function demandSelf<R extends Kept, S>(
  noun: Noun<R, S>,
  { metadata = {} }: Wire<S>,
  current: Readonly<{ [member: string]: unknown }>,
): Answer | null {
  const own = current.metadata as { readonly [member: string]: unknown }; // of our own making
  for (const member of ["name", "namespace", "uid"] as const) {
    const given = metadata[member];
    if (given === undefined || given === own[member]) continue;
    const error = invalidField(`metadata.${member}`, given.slice(0, 128), "field is immutable");
    return invalid({ kind: noun.kind, group, name: String(own.name) }, [error]);
  }
  return null;
}

async function appliedBy<R extends Kept, S>(
  noun: Noun<R, S>,
  { at, name }: Asked,
  parsed: Parsed,
  options: WriteOptions,
): Promise<Answer> {
  const { object: manifest, headers } = heeded(
    noun.kind,
    decode<Wire<S>>(noun.struct, parsed),
    options.fieldValidation,
  );
  const { managedFields, uid = "", resourceVersion = "", ...meta } = manifest.metadata ?? {};
  if (Array.isArray(managedFields) && managedFields.length > 0)
    throw refuse("metadata.managedFields must be nil");
  for (const [member, given, wanted] of [
    ["name", meta.name, name],
    ["namespace", meta.namespace, at.namespace],
  ] as const) {
    if (given === undefined || given === "" || given === wanted) continue;
    throw refuse(`the ${member} of the object does not match the ${member} on the URL (${wanted})`);
  }
  const conditions = {
    ...(uid === "" ? {} : { uid }),
    ...(resourceVersion === "" ? {} : { resourceVersion }),
  };
  const change: Change<S> = (current) => {
    const named = { ...manifest, metadata: { ...meta, ...conditions } };
    const value = applied(structuredClone(current), named);
    return decode<Wire<S>>(noun.struct, { value, repeated: [] }).object;
  };
  try {
    return { ...(await update(noun, at, name, change, options)), headers };
  } catch (error) {
    const missing =
      error instanceof CofferError &&
      ["secret.not_found", "store.not_found", "document.not_found"].includes(error.code);
    // What was to be another object or another version of it cannot be made.
    if (!missing || Object.keys(conditions).length > 0) throw error;
    const fresh = { ...manifest, metadata: { ...meta, name } };
    return { ...(await create(noun, at, fresh, options).catch(asDenied)), headers };
  }
}

/** Who may change what is there and make nothing is told so: that nothing is there he knows by now. */
function asDenied(error: unknown): never {
  if (!(error instanceof CofferError) || error.code !== "store.not_found") throw error;
  throw new CofferError("caller.denied", "This credential may not create it.");
}

const refuse = (message: string) => new CofferError("request.invalid", message, { field: "body" });
