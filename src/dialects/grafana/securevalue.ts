// SecureValue: a secret of the core. Its decrypters are the secret's consumers, its version the secret's;
// what the core has no place for lies in the secret's attributes. Keeps: a value goes in and never out.
import { isDeepStrictEqual } from "node:util";
import type { Operations } from "../../core/operations.ts";
import { Plaintext } from "../../core/plaintext.ts";
import { isLabelValue, type Secret } from "../../core/secrets/secret.ts";
import type { SecretPatch } from "../../core/secrets/update.ts";
import type { Attributes, Json } from "../../core/stores/store.ts";
import { activeKeeper, systemKeeper } from "./active-keeper.ts";
import { labelValueRule } from "./metadata.ts";
import type { At, Draft, Noun } from "./noun.ts";
import type { Stored } from "./present.ts";
import { type OwnerReference, type SecureValueSpec, secureValue as struct } from "./schema.ts";
import { asked, onlyName } from "./selectors.ts";
import { type FieldError, forbiddenField, invalidField, required, tooLong, tooMany } from "./status.ts";
import { column } from "./table.ts";

const descriptionCharactersMax = 25;
const valueBytesMax = 24_576;
const refCharactersMax = 1_024;
const decryptersMax = 64;

const attribute = {
  generateName: "grafana.generateName",
  owners: "grafana.owners",
  /** Changes of the spec that were no new value; those are counted by the version. */
  specChanges: "grafana.specChanges",
  ref: "grafana.ref",
  refChanges: "grafana.refChanges",
  keeper: "grafana.keeper",
} as const;

type SecureValueNoun = Noun<Secret, SecureValueSpec>;
type SecureValueDraft = Draft<SecureValueSpec>;

function textAttribute({ attributes }: Pick<Secret, "attributes">, name: string): string | null {
  const value = attributes[name];
  return typeof value === "string" ? value : null;
}

function countAttribute({ attributes }: Pick<Secret, "attributes">, name: string): number {
  const value = attributes[name];
  return typeof value === "number" ? value : 0;
}

function ownersOf({ attributes }: Pick<Secret, "attributes">): readonly OwnerReference[] {
  const owners = attributes[attribute.owners];
  return Array.isArray(owners) ? (owners as readonly OwnerReference[]) : []; // written by `attributesOf` alone
}

/** A reference into another keeper; a value that came from elsewhere took its place. */
export function refOf(secret: Pick<Secret, "attributes" | "version">): string | null {
  return secret.version > 0 ? null : textAttribute(secret, attribute.ref);
}

export function keeperOf(secret: Pick<Secret, "attributes" | "version">): string {
  return refOf(secret) === null ? systemKeeper : (textAttribute(secret, attribute.keeper) ?? systemKeeper);
}

/** A name that can stand in a path which a Kubernetes client writes. */
export function isReachable(name: string): boolean {
  return !name.includes("/") && !name.includes("%");
}

function stored(secret: Secret, namespace: string): Stored {
  const { consumers, description } = secret;
  const ref = refOf(secret);
  const version = Math.max(1, secret.version) + countAttribute(secret, attribute.refChanges);
  return {
    id: secret.id,
    name: secret.name,
    namespace,
    revision: secret.revision === 0 ? null : secret.revision,
    generation: version + countAttribute(secret, attribute.specChanges),
    createdAt: secret.createdAt,
    createdBy: secret.createdBy,
    updatedAt: secret.updatedAt,
    updatedBy: secret.updatedBy,
    labels: secret.labels ?? {},
    annotations: secret.annotations ?? {},
    generateName: textAttribute(secret, attribute.generateName),
    owners: ownersOf(secret),
    spec: {
      description: description ?? "",
      ...(ref === null ? {} : { ref }),
      ...(consumers === null || consumers.length === 0 ? {} : { decrypters: consumers }),
    },
    status: { version, externalID: "", keeper: keeperOf(secret) },
  };
}

function specErrors(at: At, { spec }: SecureValueDraft, before: Secret | null): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { description, value } = spec;
  const ref = spec.ref ?? "";
  if (before === null || description !== (before.description ?? "")) {
    if ((description ?? "") === "") errors.push(required("spec.description", "a `description` is required"));
    else if ([...(description ?? "")].length > descriptionCharactersMax)
      errors.push(tooLong("spec.description", descriptionCharactersMax, "characters"));
  }
  const either = required("spec", "either a `value` or `ref` is required");
  if (before === null) {
    if ((value ?? "") === "" && ref === "") errors.push(either);
    if ((value ?? "") !== "" && ref !== "")
      errors.push(forbiddenField("spec", "only one of `value` or `ref` can be set"));
  } else {
    const held = refOf(before);
    if (value === "") errors.push(either);
    if (held !== null && (value ?? "") !== "")
      errors.push(forbiddenField("spec", "cannot set `value` when `ref` was already previously set"));
    if (held === null && ref !== "")
      errors.push(forbiddenField("spec", "cannot set `ref` when `value` was already previously set"));
  }
  if (Buffer.byteLength(value ?? "") > valueBytesMax)
    errors.push(tooLong("spec.value", valueBytesMax, "bytes"));
  if ([...ref].length > refCharactersMax) errors.push(tooLong("spec.ref", refCharactersMax, "characters"));
  if (ref.includes("\u0000")) errors.push(forbiddenField("spec.ref", "must not hold U+0000"));
  if (before === null) errors.push(...keeperErrors(at, value ?? "", ref));
  return errors;
}

/** Coffer itself keeps values in its own store alone: what it cannot keep it does not take. */
function keeperErrors({ store }: At, value: string, ref: string): readonly FieldError[] {
  const keeper = activeKeeper(store);
  if (keeper === null) {
    const system = "a `ref` cannot be used with the system keeper";
    return ref === "" ? [] : [forbiddenField("spec.ref", system)];
  }
  const cannot = `this server cannot store values in keeper "${keeper.name}"`;
  return value === "" ? [] : [forbiddenField("spec.value", cannot)];
}

function entryErrors({ spec }: SecureValueDraft, before: Secret | null): readonly FieldError[] {
  const decrypters = spec.decrypters ?? [];
  if (before !== null && isDeepStrictEqual(decrypters, before.consumers ?? [])) return [];
  if (decrypters.length > decryptersMax)
    return [tooMany("spec.decrypters", decrypters.length, decryptersMax)];
  const seen = new Set<string>();
  return decrypters.flatMap((given, index): readonly FieldError[] => {
    // Upstream writes the dot before the bracket.
    const field = `spec.decrypters.[${index}]`;
    const name = given.trim();
    if (name === "") return [invalidField(field, name, "decrypters cannot be empty if specified")];
    const shown = name.slice(0, 128);
    if (!isLabelValue(name)) return [invalidField(field, shown, labelValueRule(name))];
    if (seen.has(name)) return [invalidField(field, shown, "decrypters must be unique")];
    seen.add(name);
    return [];
  });
}

function trimmed(spec: SecureValueSpec): readonly string[] {
  return (spec.decrypters ?? []).map((name) => name.trim());
}

/** Those that are to change: an attribute that is not named stays. */
function attributesOf(wanted: Readonly<{ [name: string]: Json }>, before: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(wanted).filter(([name, value]) => !isDeepStrictEqual(value, before[name] ?? null)),
  );
}

const orNull = (value: string | undefined): string | null =>
  value === undefined || value === "" ? null : value;

const ownersJson = (owners: readonly OwnerReference[] | undefined): Json =>
  owners === undefined || owners.length === 0 ? null : owners.map((owner) => ({ ...owner }));

/** What an update changes of a secret, and nothing else. */
function patchOf(before: Secret, { meta, spec }: SecureValueDraft): SecretPatch {
  const { labels = {}, annotations = {}, ownerReferences } = meta;
  const decrypters = trimmed(spec);
  const ref = orNull(spec.ref) ?? refOf(before);
  const description = spec.description ?? "";
  const changes = {
    description: description !== (before.description ?? ""),
    decrypters: !isDeepStrictEqual(decrypters, before.consumers ?? []),
    ref: ref !== refOf(before),
    labels: !isDeepStrictEqual({ ...labels }, { ...before.labels }),
    annotations: !isDeepStrictEqual({ ...annotations }, { ...before.annotations }),
  };
  const value = orNull(spec.value);
  const counts = value === null && (changes.description || changes.decrypters) && !changes.ref;
  const specChanges = countAttribute(before, attribute.specChanges) + (counts ? 1 : 0);
  const refChanges = countAttribute(before, attribute.refChanges) + (changes.ref ? 1 : 0);
  const attributes = attributesOf(
    {
      [attribute.owners]: ownersJson(ownerReferences),
      ...(counts ? { [attribute.specChanges]: specChanges } : {}),
      ...(changes.ref ? { [attribute.ref]: ref, [attribute.refChanges]: refChanges } : {}),
    },
    before.attributes,
  );
  return {
    ...(changes.description ? { description } : {}),
    ...(changes.decrypters ? { consumers: decrypters } : {}),
    ...(changes.labels ? { labels } : {}),
    ...(changes.annotations ? { annotations } : {}),
    ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
    ...(value === null ? {} : { value: new Plaintext(value) }),
  };
}

export function secureValueNoun({ secrets }: Pick<Operations, "secrets">): SecureValueNoun {
  const place = ({ caller, org, store }: At) => [caller, org, { id: store.id }] as const;
  return {
    kind: "SecureValue",
    resource: "securevalues",
    prefix: "sv-",
    struct,
    columns: [
      column("Name", "", "name"),
      column("Description", "Short description that explains the purpose of this SecureValue"),
      column("Keeper", "Storage of the secure value"),
      column("Ref", "If present, the reference to a secret"),
    ],
    cells: ({ name, spec, status }) => [
      name,
      String(spec.description ?? ""),
      String(status?.keeper ?? ""),
      String(spec.ref ?? ""),
    ],
    rights: {
      read: "secret.read",
      list: "secret.list",
      create: "secret.create",
      write: "secret.update",
      delete: "secret.delete",
    },
    stored,
    isShown: ({ name }) => isReachable(name),
    specErrors,
    entryErrors,
    get: (at, name) => secrets.get(...place(at), { name }),
    async list(at, { after, limit, selection }) {
      const name = onlyName(selection);
      const page = await secrets.list(...place(at), {
        order: "name",
        named: true,
        names: name === null ? null : [name],
        labels: asked(selection.labels),
        after: after === null ? null : { key: after.name, id: after.id },
        limit,
      });
      return { items: page.items, revision: page.revision, more: page.next !== null };
    },
    create(at, { name, meta, spec }, dryRun) {
      const value = orNull(spec.value);
      const ref = orNull(spec.ref);
      const attributes = attributesOf(
        {
          [attribute.generateName]: orNull(meta.generateName),
          [attribute.owners]: ownersJson(meta.ownerReferences),
          ...(ref === null
            ? {}
            : { [attribute.ref]: ref, [attribute.keeper]: activeKeeper(at.store)?.name ?? systemKeeper }),
        },
        {},
      );
      const decrypters = trimmed(spec);
      const made = {
        name,
        description: spec.description ?? "",
        consumers: decrypters.length === 0 ? null : decrypters,
        labels: meta.labels ?? null,
        annotations: meta.annotations ?? null,
        attributes,
        ...(value === null ? {} : { value: new Plaintext(value) }),
      };
      return secrets.create(...place(at), made, { dryRun });
    },
    update(at, before, draft, dryRun) {
      const options = { revisions: [before.revision], dryRun };
      return secrets.update(...place(at), { id: before.id }, patchOf(before, draft), options);
    },
    async remove(at, name, precondition) {
      const [removed] = await secrets.removeAll(...place(at), [{ name }], {
        ...precondition,
        removal: "purge",
      });
      return removed?.id ?? "";
    },
  };
}
