// The secret: its shape and the rules of its parts. Pure; it knows neither tables nor keys.
import type { Actor } from "../caller.ts";
import { CofferError, invalid } from "../errors.ts";
import { isUuid } from "../ids.ts";
import { limits } from "../limits.ts";
import type { Custody } from "../organizations/organization.ts";
import { Plaintext } from "../plaintext.ts";
import { parsePolicy as readPolicy } from "../policies/parse.ts";
import type { Attributes } from "../stores/store.ts";
import { parseText } from "../text.ts";

export const secretStates = ["creating", "active", "trashed", "deleting", "deleted", "aborted"] as const;
export type SecretState = (typeof secretStates)[number];

export interface Secret {
  readonly id: string;
  readonly organizationId: string;
  readonly storeId: string;
  readonly name: string;
  readonly description: string | null;
  /** YAML text, kept byte for byte. */
  readonly policy: string | null;
  readonly consumers: readonly string[] | null;
  readonly labels: Labels | null;
  readonly annotations: Labels | null;
  readonly attributes: Attributes;
  readonly state: SecretState;
  /** 0: the secret has no value yet. */
  readonly version: number;
  readonly versionId: string | null;
  /** Where its current value lies; its store's may be another by now. */
  readonly backend: string;
  readonly createdAt: number;
  readonly createdBy: Actor;
  readonly updatedAt: number | null;
  readonly updatedBy: Actor | null;
  readonly lastReadAt: number | null;
  readonly expiresAt: number | null;
  readonly deletedAt: number | null;
  readonly deletedBy: Actor | null;
  readonly purgeAt: number | null;
  /** Its store was deleted while it lay in the trash: until it is restored it is of no store. */
  readonly orphaned: boolean;
  readonly revision: number;
}

export type Labels = Readonly<Record<string, string>>;

export type VersionState = "pending" | "active" | "superseded" | "destroying" | "destroyed" | "aborted";

export interface Version {
  readonly id: string;
  readonly secretId: string;
  readonly number: number;
  readonly state: VersionState;
  readonly createdAt: number;
  readonly createdBy: Actor;
}

/** A value as it lies in a table: which key term sealed it, and the sealed bytes. */
export interface SealedValue {
  readonly term: number;
  readonly sealed: Uint8Array;
  /** A keyed hash of the value for this secret alone: equal values of two secrets differ. */
  readonly fingerprint: Uint8Array;
  readonly bytes: number;
}

/** How a caller names a secret inside a store. */
export type SecretRef = { readonly id: string } | { readonly name: string };

export function secretRefOf(text: string): SecretRef {
  return isUuid(text) ? { id: text.toLowerCase() } : { name: text };
}

export function parseSecretName(text: string, custody: Custody): string {
  if (custody === "client") {
    parseText("name", text, { min: 1, max: limits.clientNameCharactersMax });
    // Ciphertext as its clients write it; an index row could not hold as many wider characters.
    if (!/^[!-~]+$/.test(text)) throw invalid("name", "must be a string that its client has sealed");
    return text;
  }
  const name = parseText("name", text, { min: 1, max: limits.secretNameCharactersMax });
  if (name === "." || name === "..") throw invalid("name", 'must not be "." or ".."');
  return name;
}

export function parseDescription(text: string, custody: Custody): string {
  const max = custody === "client" ? limits.clientDescriptionCharactersMax : limits.descriptionCharactersMax;
  return parseText("description", text, { max, controls: "allowed" });
}

/** U+0000 is fine here: values are sealed as bytes. */
export function parseValue(text: string, custody: Custody): Plaintext {
  if (!text.isWellFormed()) throw invalid("value", "must be well-formed Unicode text");
  const max = custody === "client" ? limits.clientValueCharactersMax : limits.valueBytesMax;
  if (text.length > max || Buffer.byteLength(text) > max) {
    const unit = custody === "client" ? "characters" : "bytes of UTF-8";
    throw invalid("value", `must have at most ${max} ${unit}`, { limit: max });
  }
  return new Plaintext(text);
}

/** Kept as it was given; parsed to be sure that it says what somebody meant. */
export function parsePolicy(text: string): string {
  parseText("policy", text, { max: limits.policyBytesMax, controls: "allowed" });
  readPolicy(text);
  return text;
}

export function parseConsumers(names: readonly string[]): readonly string[] {
  if (names.length > limits.consumersMax) {
    throw invalid("consumers", `must have at most ${limits.consumersMax} entries`, {
      limit: limits.consumersMax,
    });
  }
  const seen = new Set<string>();
  for (const [index, name] of names.entries()) {
    parseText(`consumers[${index}]`, name, { min: 1, max: limits.consumerCharactersMax });
    if (seen.has(name)) throw invalid(`consumers[${index}]`, "must not repeat an earlier entry");
    seen.add(name);
  }
  return names;
}

const labelName = /^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/;
const labelPrefix = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/** Kubernetes' qualified name: an optional DNS prefix and `/`, then at most 63 characters. */
export function isQualifiedName(key: string): boolean {
  const slash = key.indexOf("/");
  const prefix = slash < 0 ? null : key.slice(0, slash);
  const name = key.slice(slash + 1);
  if (prefix !== null && (prefix.length > limits.labelPrefixCharactersMax || !labelPrefix.test(prefix))) {
    return false;
  }
  return name.length <= limits.labelCharactersMax && labelName.test(name);
}

export function isLabelValue(value: string): boolean {
  return value === "" || (value.length <= limits.labelCharactersMax && labelName.test(value));
}

export function parseLabels(labels: Labels): Labels {
  const entries = Object.entries(labels);
  if (entries.length > limits.labelsMax) {
    throw invalid("labels", `must have at most ${limits.labelsMax} entries`, { limit: limits.labelsMax });
  }
  for (const [key, value] of entries) {
    if (!isQualifiedName(key)) throw invalid("labels", "must have keys that are qualified names");
    if (!isLabelValue(value)) {
      throw invalid("labels", "must have values of at most 63 letters, digits and inner . _ -");
    }
  }
  return labels;
}

export function parseAnnotations(annotations: Labels): Labels {
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    if (!isQualifiedName(key)) throw invalid("annotations", "must have keys that are qualified names");
    parseText("annotations", value, { max: limits.annotationsBytesMax, controls: "allowed" });
    bytes += key.length + Buffer.byteLength(value);
    if (bytes > limits.annotationsBytesMax) {
      throw invalid("annotations", `must have at most ${limits.annotationsBytesMax} bytes in all`, {
        limit: limits.annotationsBytesMax,
      });
    }
  }
  return annotations;
}

export function parseAttributes(attributes: Attributes): Attributes {
  if (Buffer.byteLength(JSON.stringify(attributes)) > limits.attributesBytesMax) {
    throw invalid("attributes", `must have at most ${limits.attributesBytesMax} bytes as JSON`, {
      limit: limits.attributesBytesMax,
    });
  }
  return attributes;
}

/** What a caller may see of a state; `creating` is another writer's unfinished work. */
export function visibleStatus(state: SecretState): "pending" | "active" | "trashed" | "deleting" {
  if (state === "creating") return "pending";
  if (state === "deleting") return state;
  return state === "trashed" ? "trashed" : "active";
}

export function secretNotFound(because?: string): CofferError {
  return new CofferError(
    "secret.not_found",
    "No such secret, or none that this credential may see.",
    {},
    because === undefined ? {} : { because },
  );
}

export function nameTaken(): CofferError {
  return new CofferError("secret.name_taken", "A live secret of this store has that name already.", {
    field: "name",
  });
}

/** Values sealed by clients and values sealed here never mix in one organization. */
export function demandCustody(custody: Custody, opaque: boolean): void {
  if (opaque === (custody === "client")) return;
  throw new CofferError(
    "custody.client",
    opaque
      ? "This organization's values are sealed by the server; they cannot come sealed already."
      : "This organization's values are sealed by its clients; the server cannot read or write them.",
  );
}
