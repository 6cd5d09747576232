// The rules of metadata: names, labels, annotations, owners. Keeps: what kubectl remembers of a manifest
// never has a value in it, and what the server says of who and when is the server's alone.
import { limits } from "../../core/limits.ts";
import { isLabelValue, isQualifiedName } from "../../core/secrets/secret.ts";
import type { ObjectMeta, OwnerReference, Strings } from "./schema.ts";
import { type FieldError, invalidField, required, tooLong, tooMany } from "./status.ts";

const subdomain = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const subdomainForm = new RegExp(`^${subdomain}$`);
const nameCharactersMax = 253;

const subdomainRule = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomain}')`;

export function nameErrors(name: string): readonly FieldError[] {
  const field = "metadata.name";
  if (name.length > nameCharactersMax) {
    const shown = `${name.slice(0, 64)}...`;
    return [invalidField(field, shown, `must be no more than ${nameCharactersMax} characters`)];
  }
  return subdomainForm.test(name) ? [] : [invalidField(field, name, subdomainRule)];
}

export const createdBy = "grafana.app/createdBy";
export const updatedBy = "grafana.app/updatedBy";
export const updatedTimestamp = "grafana.app/updatedTimestamp";
const serverOwned: ReadonlySet<string> = new Set([createdBy, updatedBy, updatedTimestamp]);
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** What of annotations is kept: without the server's own, and without any value. */
export function keptAnnotations(annotations: Strings): Strings {
  const kept: [string, string][] = [];
  for (const [key, text] of Object.entries(annotations)) {
    if (serverOwned.has(key)) continue;
    const safe = key === lastApplied ? withoutValue(text) : text;
    if (safe !== null) kept.push([key, safe]);
  }
  return Object.fromEntries(kept);
}

/** The members that a manifest may have, none of which is a value. */
const remembered = {
  "": ["apiVersion", "kind", "metadata", "spec"],
  metadata: ["name", "generateName", "namespace", "labels", "annotations", "ownerReferences"],
  spec: ["description", "ref", "decrypters", "aws"],
} as const;

/** The manifest that kubectl remembers, with what is known to hold no value; null where it is none. */
function withoutValue(text: string): string | null {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(manifest)) return null;
  const kept = picked(manifest, remembered[""]);
  for (const part of ["metadata", "spec"] as const) {
    const given = kept[part];
    if (isObject(given)) kept[part] = picked(given, remembered[part]);
    else delete kept[part];
  }
  const annotations = isObject(kept.metadata) ? kept.metadata.annotations : undefined;
  // Nested in itself it would be looked at by nobody.
  if (isObject(annotations)) delete annotations[lastApplied];
  return `${JSON.stringify(kept)}\n`;
}

function picked(object: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([name]) => names.includes(name)));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What of an object's metadata is a user's to change, and stood there before; null of a new object. */
export interface Before {
  readonly labels: Strings;
  readonly annotations: Strings;
}

/** What a request changes; what it leaves as it was found is not its business. */
export function metadataErrors(meta: ObjectMeta, before: Before | null): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { labels = {}, annotations = {}, ownerReferences = [] } = meta;
  if (before === null || !same(labels, before.labels)) errors.push(...labelErrors(labels));
  if (before === null || !same(annotations, before.annotations))
    errors.push(...annotationErrors(annotations));
  errors.push(...ownerErrors(ownerReferences));
  return errors;
}

const same = (one: Strings, other: Strings) => JSON.stringify(one) === JSON.stringify(other);

function labelErrors(labels: Strings): readonly FieldError[] {
  const field = "metadata.labels";
  const errors: FieldError[] = [];
  const count = Object.keys(labels).length;
  if (count > limits.labelsMax) errors.push(tooMany(field, count, limits.labelsMax));
  for (const [key, value] of Object.entries(labels)) {
    if (!isQualifiedName(key)) errors.push(invalidField(field, key.slice(0, 64), qualifiedRule));
    if (!isLabelValue(value)) errors.push(invalidField(field, value.slice(0, 64), labelValueRule(value)));
  }
  return errors;
}

function annotationErrors(annotations: Strings): readonly FieldError[] {
  const field = "metadata.annotations";
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    if (!isQualifiedName(key)) errors.push(invalidField(field, key.slice(0, 64), qualifiedRule));
    if (value.includes("\u0000")) errors.push(invalidField(field, key, "must not hold U+0000"));
  }
  if (bytes > limits.annotationsBytesMax) errors.push(tooLong(field, limits.annotationsBytesMax, "bytes"));
  return errors;
}

function ownerErrors(owners: readonly OwnerReference[]): readonly FieldError[] {
  const field = "metadata.ownerReferences";
  if (owners.length > 1) return [tooMany(field, owners.length, 1)];
  const [owner] = owners;
  if (owner === undefined) return [];
  return (["apiVersion", "kind", "name", "uid"] as const)
    .filter((member) => (owner[member] ?? "") === "")
    .map((member) => required(`${field}[0].${member}`, `${member} must not be empty`));
}

const qualifiedRule =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

const labelFormRule =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** What of the form of a label's value is broken. */
export function labelValueRule(value: string): string {
  return value.length > limits.labelCharactersMax
    ? `must be no more than ${limits.labelCharactersMax} bytes`
    : labelFormRule;
}

const suffixCharacters = "bcdfghjklmnpqrstvwxz2456789";
const suffixLength = 10;

/** A name that nobody has: what a client gave as its beginning, and what nobody guesses. */
export function generatedName(prefix: string): string {
  const bytes = crypto.getRandomValues(new Uint8Array(suffixLength));
  return prefix + Array.from(bytes, (byte) => suffixCharacters[byte % suffixCharacters.length]).join("");
}
