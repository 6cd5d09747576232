// From a decoded body to what is written: what the object says of itself must agree with the request, then
// its rules are asked, then the core writes it or finds that somebody was faster.
import { setTimeout } from "node:timers/promises";
import { CofferError } from "../../core/errors.ts";
import { type Decoded, demandKind, findingsShownMax, strictError } from "./decode.ts";
import { generatedName, keptAnnotations, metadataErrors, nameErrors } from "./metadata.ts";
import type { At, Draft, Kept, Noun } from "./noun.ts";
import type { FieldValidation, WriteOptions } from "./options.ts";
import { kubeObject, type Stored } from "./present.ts";
import type { ObjectMeta, Strings, Wire } from "./schema.ts";
import {
  type Answer,
  alreadyExists,
  conflict,
  type FieldError,
  group,
  invalid,
  isAnswer,
  modified,
  type Named,
  otherUid,
} from "./status.ts";

/** A race with others is run again this often before the client hears of it. */
const turnsMax = 64;
/** Before each turn, so that not all meet again. */
const restMsMax = 20;

const refuse = (message: string) => new CofferError("request.invalid", message, { field: "body" });

/** Unknown and repeated members: refused, told in headers, or passed over. */
export function heeded<T>(
  kind: string,
  { object, findings }: Decoded<T>,
  validation: FieldValidation,
): { readonly object: T; readonly headers: NonNullable<Answer["headers"]> } {
  if (findings.length === 0 || validation === "Ignore") return { object, headers: {} };
  if (validation === "Strict") throw strictError(kind, findings);
  const told = findings.slice(0, findingsShownMax).map((finding) => `299 - "${escaped(finding)}"`);
  return { object, headers: { warning: told } };
}

/** In a quoted string of a header; what is not printable ASCII cannot stand in one. */
function escaped(text: string): string {
  return text.replace(/[^ -~]/g, "?").replace(/["\\]/g, "\\$&");
}

function named<R extends Kept, S>({ resource, kind }: Noun<R, S>, name: string | null): Named {
  return { resource, kind, name };
}

const folder = "grafana.app/folder";

/** The metadata of a draft, as it is kept. `known`: the annotations that stand already. */
function keptMeta(meta: ObjectMeta, known: Strings): ObjectMeta {
  const given = meta.annotations?.[folder] ?? "";
  if (given !== "" && given !== known[folder]) throw refuse("folders are not supported");
  return { ...meta, labels: meta.labels ?? {}, annotations: keptAnnotations(meta.annotations ?? {}) };
}

/** In upstream's order: the spec, then the name, which ends it, then single entries, which stand alone. */
function faults<R extends Kept, S>(
  noun: Noun<R, S>,
  at: At,
  draft: Draft<S>,
  before: { readonly record: R; readonly stored: Stored } | null,
): readonly FieldError[] {
  const errors = [...noun.specErrors(at, draft, before?.record ?? null)];
  const names = before === null ? nameErrors(draft.name) : [];
  if (names.length > 0) return [...errors, ...names];
  const entries = noun.entryErrors(draft, before?.record ?? null);
  if (entries.length > 0) return entries;
  const known = before && {
    labels: before.stored.labels,
    annotations: keptAnnotations(before.stored.annotations),
  };
  return [...errors, ...metadataErrors(draft.meta, known)];
}

export async function create<R extends Kept, S>(
  noun: Noun<R, S>,
  at: At,
  object: Wire<S>,
  { dryRun }: Pick<WriteOptions, "dryRun">,
): Promise<Answer> {
  demandKind(object, noun.kind);
  const meta = keptMeta(object.metadata ?? {}, {});
  if ((meta.namespace ?? "") !== "" && meta.namespace !== at.namespace)
    throw refuse("the namespace of the provided object does not match the namespace sent on the request");
  if ((meta.resourceVersion ?? "") !== "")
    throw refuse("resourceVersion should not be set on objects to be created");
  const given = meta.name ?? "";
  const name = given === "" ? generatedName(meta.generateName || noun.prefix) : given;
  const draft = { name, meta, spec: (object.spec ?? {}) as S };
  const errors = faults(noun, at, draft, null);
  if (errors.length > 0) return invalid({ kind: noun.kind, group, name }, errors);
  try {
    const record = await noun.create(at, draft, dryRun);
    const stored = noun.stored(record, at.namespace);
    return { status: 201, body: kubeObject(noun.kind, dryRun ? { ...stored, revision: null } : stored) };
  } catch (error) {
    const taken =
      error instanceof CofferError &&
      (error.code === "secret.name_taken" || error.code === "document.name_taken");
    if (taken) return alreadyExists(named(noun, name));
    throw error;
  }
}

/** What is to become of an object, made of how it stands now; or why nothing is to. */
export type Change<S> = (current: Readonly<{ [member: string]: unknown }>) => Wire<S> | Answer;

export async function update<R extends Kept, S>(
  noun: Noun<R, S>,
  at: At,
  name: string,
  change: Change<S>,
  { dryRun }: Pick<WriteOptions, "dryRun">,
): Promise<Answer> {
  for (let turn = 1; ; turn += 1) {
    const record = await noun.get(at, name);
    const stored = noun.stored(record, at.namespace);
    const wanted = change({ ...kubeObject(noun.kind, stored) });
    if (isAnswer(wanted)) return wanted;
    const checked = checkedUpdate(noun, at, { record, stored }, wanted);
    if (isAnswer(checked)) return checked;
    try {
      const written = await noun.update(at, record, checked, dryRun);
      const after = noun.stored(written, at.namespace);
      return {
        status: 200,
        body: kubeObject(noun.kind, dryRun ? { ...after, revision: stored.revision } : after),
      };
    } catch (error) {
      const raced = error instanceof CofferError && error.code === "precondition.failed";
      if (!raced) throw error;
      // What is conditional meets its conflict in the next turn; all else is made of what stands then.
      if (turn >= turnsMax) return conflict(named(noun, name), modified);
      await setTimeout(Math.random() * Math.min(turn, restMsMax));
    }
  }
}

function checkedUpdate<R extends Kept, S>(
  noun: Noun<R, S>,
  at: At,
  before: { readonly record: R; readonly stored: Stored },
  object: Wire<S>,
): Draft<S> | Answer {
  demandKind(object, noun.kind);
  const { stored } = before;
  const meta = keptMeta(object.metadata ?? {}, stored.annotations);
  const { uid = "", resourceVersion = "" } = meta;
  if (uid !== "" && uid !== stored.id)
    return conflict(named(noun, stored.name), otherUid(uid.slice(0, 64), stored.id));
  if (resourceVersion !== "" && resourceVersion !== String(stored.revision))
    return conflict(named(noun, stored.name), modified);
  const draft = { name: stored.name, meta, spec: (object.spec ?? {}) as S };
  const errors = faults(noun, at, draft, before);
  return errors.length > 0 ? invalid({ kind: noun.kind, group, name: stored.name }, errors) : draft;
}
