// Keeper: where the values of a namespace would be kept. Kept, checked and shown; Coffer itself is the only
// keeper that it stores values in, and says so where another one is active.
import { isDeepStrictEqual } from "node:util";
import type { Document } from "../../core/documents/document.ts";
import type { Operations } from "../../core/operations.ts";
import type { Position } from "../../core/pagination.ts";
import type { SecretPage } from "../../core/secrets/operations.ts";
import type { Attributes, Json } from "../../core/stores/store.ts";
import { activated, activeKeeper, systemKeeper } from "./active-keeper.ts";
import type { At, Draft, Noun } from "./noun.ts";
import type { Stored } from "./present.ts";
import { type KeeperSpec, type OwnerReference, type Strings, keeper as struct } from "./schema.ts";
import { keeperOf } from "./securevalue.ts";
import { type FieldError, forbiddenField, invalidField, required, tooLong } from "./status.ts";
import { column } from "./table.ts";

const descriptionCharactersMax = 253;
const documentKind = "keeper";
const providers = ["aws", "azure", "gcp", "hashiCorpVault"] as const;

/** As it lies in a document. */
interface Body {
  readonly spec: { readonly description: string; readonly aws?: KeeperSpec["aws"] };
  readonly labels: Strings;
  readonly annotations: Strings;
  readonly generateName: string | null;
  readonly owners: readonly OwnerReference[];
  readonly generation: number;
}

/** Written by `attributesOf` alone, so each member is what it was then. */
function bodyOf({ body }: Document): Body {
  return {
    spec: body.spec as Body["spec"],
    labels: body.labels as Strings,
    annotations: body.annotations as Strings,
    generateName: body.generateName as string | null,
    owners: body.owners as Body["owners"],
    generation: body.generation as number,
  };
}

function attributesOf(draft: Draft<KeeperSpec>, before: Body | null): Attributes {
  const { meta, spec } = draft;
  const { description = "", aws } = spec;
  const kept = { description, ...(aws === undefined ? {} : { aws }) };
  const changed = before !== null && !isDeepStrictEqual({ ...before.spec }, kept);
  const body: Body = {
    spec: kept,
    labels: meta.labels ?? {},
    annotations: meta.annotations ?? {},
    generateName: before === null ? (meta.generateName ?? null) : before.generateName,
    owners: meta.ownerReferences ?? [],
    generation: before === null ? 1 : before.generation + (changed ? 1 : 0),
  };
  return JSON.parse(JSON.stringify(body)) as { readonly [member: string]: Json }; // plain data throughout
}

function stored(document: Document, namespace: string): Stored {
  const { spec, labels, annotations, generateName, owners, generation } = bodyOf(document);
  return {
    id: document.id,
    name: document.name,
    namespace,
    revision: document.revision === 0 ? null : document.revision,
    generation,
    createdAt: document.createdAt,
    createdBy: document.createdBy,
    updatedAt: document.updatedAt,
    updatedBy: document.updatedBy,
    labels,
    annotations,
    generateName,
    owners,
    spec,
    status: null,
  };
}

function specErrors(
  _at: At,
  { name, spec }: Draft<KeeperSpec>,
  before: Document | null,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { description = "" } = spec;
  if (before === null && name === systemKeeper)
    errors.push(forbiddenField("name", "the keeper name `system` is reserved"));
  if (description === "") errors.push(required("spec.description", "a `description` is required"));
  else if ([...description].length > descriptionCharactersMax)
    errors.push(tooLong("spec.description", descriptionCharactersMax, "characters"));
  const given = providers.filter((provider) => spec[provider] !== undefined);
  const [provider] = given;
  if (provider === undefined) errors.push(required("spec", "at least one `keeper` must be present"));
  else if (given.length > 1) {
    const rule = "only one `keeper` can be present at a time but found more";
    errors.push({
      ...invalidField("spec", "", rule),
      message: `Invalid value: ${given.join(" & ")}: ${rule}`,
    });
  } else if (provider !== "aws") {
    errors.push(forbiddenField(`spec.${provider}`, "this server knows no keeper of that kind"));
  } else errors.push(...awsErrors(spec.aws ?? {}));
  return errors;
}

function awsErrors({ region = "", assumeRole }: NonNullable<KeeperSpec["aws"]>): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (region === "") errors.push(required("spec.aws.region", "region must be present"));
  if (assumeRole === undefined) {
    errors.push(required("spec.aws", "`assumeRole` must be present"));
    return errors;
  }
  const { assumeRoleArn = "", externalID = "" } = assumeRole;
  const at = "spec.aws.assumeRole";
  if (assumeRoleArn === "")
    errors.push(required(`${at}.assumeRoleArn`, "arn of the role to assume must be present"));
  if (externalID === "") errors.push(required(`${at}.externalID`, "externalID must be present"));
  return errors;
}

const secretsPage = 10_000;

export interface KeeperNoun extends Noun<Document, KeeperSpec> {
  /** `system` is the built-in one. Throws `document.not_found`. */
  activate(at: At, name: string): Promise<void>;
}

export function keeperNoun(operations: Pick<Operations, "documents" | "secrets" | "stores">): KeeperNoun {
  const { documents, secrets, stores } = operations;
  const place = ({ caller, org, store }: At) =>
    [caller, org, { store: { id: store.id }, kind: documentKind }] as const;

  const holdsSome = async ({ caller, org, store }: At, name: string): Promise<boolean> => {
    for (let after: Position | null = null; ; ) {
      const page: SecretPage = await secrets.list(
        caller,
        org,
        { id: store.id },
        { after, limit: secretsPage },
      );
      if (page.items.some((secret) => keeperOf(secret) === name)) return true;
      if (page.next === null) return false;
      after = page.next;
    }
  };

  return {
    kind: "Keeper",
    resource: "keepers",
    prefix: "kp-",
    struct,
    columns: [column("Name", "", "name"), column("Description", "Short description of the Keeper")],
    cells: ({ name, spec }) => [name, String(spec.description ?? "")],
    rights: {
      read: "store.read",
      list: "store.read",
      create: "store.update",
      write: "store.update",
      delete: "store.update",
    },
    stored,
    isShown: () => true,
    specErrors,
    entryErrors: () => [],
    get: (at, name) => documents.get(...place(at), name),
    async list(at, { after, limit }) {
      const page = await documents.list(...place(at), { after: after?.name ?? null, limit });
      return { items: page.items, revision: page.revision, more: page.next !== null };
    },
    create: (at, draft, dryRun) =>
      documents.create(...place(at), { name: draft.name, body: attributesOf(draft, null) }, { dryRun }),
    update(at, before, draft, dryRun) {
      const options = { revisions: [before.revision], id: before.id, dryRun };
      const body = attributesOf(draft, bodyOf(before));
      return documents.modify(...place(at), before.name, () => body, options);
    },
    async remove(at, name, precondition) {
      const found = await documents.get(...place(at), name);
      if (await holdsSome(at, name)) {
        return [forbiddenField("metadata.name", "the keeper still holds secure values")];
      }
      if (activeKeeper(at.store)?.id === found.id) await this.activate(at, systemKeeper);
      return (await documents.remove(...place(at), name, { id: found.id, ...precondition })).id;
    },
    async activate(at, name) {
      const { caller, org, store } = at;
      const keeper = name === systemKeeper ? null : await documents.get(...place(at), name);
      await stores.update(caller, org, { id: store.id }, { attributes: activated(keeper) });
    },
  };
}
