// Changing a secret: name, value, metadata and store in one atomic step, under preconditions.
import { timingSafeEqual } from "node:crypto";
import { type Access, admit, permit, storeOf, storeTarget, targetOf } from "../access.ts";
import type { Action } from "../actions.ts";
import { actorOf } from "../caller.ts";
import { demandNoMore } from "../confer.ts";
import { CofferError } from "../errors.ts";
import { levelActions } from "../grants/grant.ts";
import { entryOf, mutation, type OrganizationCall } from "../operation.ts";
import type { Custody, Ref } from "../organizations/organization.ts";
import type { Plaintext } from "../plaintext.ts";
import type { Context, Transaction } from "../ports.ts";
import type { Attributes, Store } from "../stores/store.ts";
import { commitSecrets, confirmTerm, writeAlone } from "./commit.ts";
import { optional } from "./create.ts";
import { liveSecret } from "./find.ts";
import {
  demandCustody,
  type Labels,
  nameTaken,
  parseAnnotations,
  parseAttributes,
  parseConsumers,
  parseDescription,
  parseLabels,
  parsePolicy,
  parseSecretName,
  type SealedValue,
  type Secret,
  type SecretRef,
  secretNotFound,
} from "./secret.ts";
import { refTarget, secretTarget } from "./target.ts";

/** Absent: unchanged. Null: unset. */
export interface SecretPatch {
  readonly name?: string;
  readonly value?: Plaintext;
  readonly description?: string | null;
  readonly policy?: string | null;
  readonly consumers?: readonly string[] | null;
  readonly labels?: Labels | null;
  readonly annotations?: Labels | null;
  /** One dialect's own; those of the others stay. */
  readonly attributes?: Attributes;
  readonly expiresAt?: number | null;
  /** Into another store of the organization. */
  readonly store?: Ref;
  readonly opaque?: boolean;
}

export interface Precondition {
  /** Any of these revisions; none matching is `precondition.failed`. */
  readonly revisions?: readonly number[];
  readonly id?: string;
}

export interface UpdateOptions extends Precondition {
  readonly foldNames?: boolean;
  readonly dryRun?: boolean;
  /** A value that equals the current one makes no version (decided in the transaction). */
  readonly unlessSame?: boolean;
}

type Metadata = Partial<
  Pick<
    Secret,
    "name" | "description" | "policy" | "consumers" | "labels" | "annotations" | "attributes" | "expiresAt"
  >
>;

export interface UpdateInput extends OrganizationCall {
  readonly store: Ref;
  readonly secret: SecretRef;
  readonly metadata: Metadata;
  readonly toStore: Ref | null;
  /** The id is that of the secret for which the value was sealed. */
  readonly value: {
    readonly secretId: string;
    readonly versionId: string;
    readonly sealed: SealedValue;
  } | null;
  readonly precondition: Precondition;
  readonly foldNames: boolean;
  readonly dryRun: boolean;
  readonly unlessSame: boolean;
}

export const updateSecret = mutation<UpdateInput, Secret>({
  name: "secret.update",
  action: (input) => (input.value === null ? "secret.update" : "secret.write"),
  target: ({ secret }) => refTarget(secret),
  run: async (tx, asked) => {
    const access = await admit(tx, asked, { id: asked.organizationId });
    const store = await storeOf(tx, access, asked.store);
    const before = await liveSecret(tx, access, store, asked.secret);
    const because = permitAll(access, before, asked);
    demandPrecondition(before, asked.precondition);
    const input = (await holdsAlready(tx, before, asked)) ? { ...asked, value: null } : asked;
    if (input.value !== null && input.value.secretId !== before.id) throw secretNotFound();
    const target = input.toStore === null ? store : await targetStore(tx, access, store, input.toStore);
    const { after, changed } = applied(before, target, input);
    if (target.id === store.id) demandNoMore(access, levelActions.manage, targetOf(before), targetOf(after));
    if (input.value !== null) await confirmTerm(tx, input.organizationId, input.value.sealed);
    if (after.name !== before.name || target.id !== store.id) await refuseTaken(tx, target, after, input);
    if (changed.length === 0) return unchanged(tx, input, access, before, because);
    if (input.dryRun) return after;
    const [written] = await commitSecrets(tx, input, access, [
      {
        kind: kindOf(input, store, target),
        action: input.value === null ? "secret.update" : "secret.write",
        because,
        store: target,
        before,
        after,
        value: input.value && {
          version: {
            id: input.value.versionId,
            secretId: before.id,
            number: after.version,
            state: "active",
            createdAt: input.at,
            createdBy: actorOf(input.caller),
          },
          value: input.value.sealed,
        },
        details: { changed, ...(target.id === store.id ? {} : { movedFrom: store.id }) },
      },
    ]);
    return written ?? after;
  },
});

/** Only after the caller was permitted to write: it tells whether he knows the value. */
async function holdsAlready(
  tx: Transaction,
  { versionId }: Secret,
  { unlessSame, value }: UpdateInput,
): Promise<boolean> {
  if (!unlessSame || value === null || versionId === null) return false;
  const stored = await tx.versions.fingerprint(versionId);
  return stored !== null && timingSafeEqual(stored, value.sealed.fingerprint);
}

function permitAll(access: Access, secret: Secret, input: UpdateInput): string {
  const target = targetOf(secret);
  const needed: Action[] = [];
  if (Object.keys(input.metadata).length > 0) needed.push("secret.update");
  if (input.value !== null) needed.push("secret.write");
  // A move gives the value to whoever reads the other store: it needs reading it here.
  if (input.toStore !== null) needed.push("secret.reveal", "secret.delete");
  if (needed.length === 0) needed.push("secret.update");
  let because = "";
  for (const action of needed) because = permit(access, action, target).because;
  return because;
}

async function targetStore(tx: Transaction, access: Access, from: Store, ref: Ref): Promise<Store> {
  const to = await storeOf(tx, access, ref);
  if (to.id !== from.id) permit(access, "secret.create", storeTarget(to));
  return to;
}

export function demandPrecondition(
  secret: Pick<Secret, "id" | "revision">,
  { revisions, id }: Precondition,
): void {
  if (id !== undefined && id !== secret.id) {
    throw new CofferError("precondition.failed", "The secret is another one than the request names.");
  }
  if (revisions !== undefined && !revisions.includes(secret.revision)) {
    throw new CofferError("precondition.failed", "The secret has changed since that revision.", {
      revision: secret.revision,
    });
  }
}

function applied(before: Secret, target: Store, input: UpdateInput): { after: Secret; changed: string[] } {
  const { metadata, value } = input;
  const merged: Secret = {
    ...before,
    ...metadata,
    attributes: { ...before.attributes, ...metadata.attributes },
    storeId: target.id,
  };
  const changed: string[] = metadataFields.filter(
    (field) => JSON.stringify(merged[field]) !== JSON.stringify(before[field]),
  );
  if (target.id !== before.storeId) changed.push("store");
  if (value !== null) changed.push("value");
  if (changed.length === 0) return { after: before, changed };
  const versioned = value === null ? {} : { version: before.version + 1, versionId: value.versionId };
  const after = { ...merged, ...versioned, updatedAt: input.at, updatedBy: actorOf(input.caller) };
  return { after, changed };
}

const metadataFields = [
  "name",
  "description",
  "policy",
  "consumers",
  "labels",
  "annotations",
  "attributes",
  "expiresAt",
] as const;

async function refuseTaken(
  tx: Transaction,
  target: Store,
  after: Secret,
  { organizationId, foldNames, dryRun }: UpdateInput,
): Promise<void> {
  if (!foldNames && !dryRun) return; // the unique index decides
  if (foldNames) await writeAlone(tx, organizationId);
  const twins = foldNames ? await tx.secrets.findFolded(target.id, after.name) : [];
  const exact = await tx.secrets.find(target.id, { name: after.name });
  if ([...twins, exact].some((twin) => twin !== null && twin.id !== after.id)) throw nameTaken();
}

/** Nothing to change is a success and an entry, but no revision. */
async function unchanged(
  tx: Transaction,
  input: UpdateInput,
  { organization }: Access,
  secret: Secret,
  because: string,
): Promise<Secret> {
  if (input.dryRun) return secret;
  await tx.audit.append(
    entryOf(input, {
      organizationId: input.organizationId,
      action: "secret.update",
      target: secretTarget(organization.custody, secret),
      outcome: "allowed",
      because,
      details: { changed: [] },
    }),
  );
  return secret;
}

function kindOf(input: UpdateInput, from: Store, to: Store) {
  if (from.id !== to.id) return "secret.moved";
  return input.value === null ? "secret.updated" : "secret.value";
}

/** Checks what a request changes; what it finds is not its business. */
export function parsePatch(
  patch: SecretPatch,
  custody: Custody,
): { metadata: Metadata; toStore: Ref | null } {
  const metadata: { -readonly [K in keyof Metadata]: Metadata[K] } = {};
  // Name, description and value are what clients seal themselves under client custody.
  const sealedParts =
    patch.name !== undefined || patch.description !== undefined || patch.value !== undefined;
  if (patch.opaque === true || sealedParts) demandCustody(custody, patch.opaque ?? false);
  if (patch.name !== undefined) metadata.name = parseSecretName(patch.name, custody);
  if (patch.description !== undefined) {
    metadata.description = optional(patch.description, (text) => parseDescription(text, custody));
  }
  if (patch.policy !== undefined) metadata.policy = optional(patch.policy, parsePolicy);
  if (patch.consumers !== undefined) metadata.consumers = optional(patch.consumers, parseConsumers);
  if (patch.labels !== undefined) metadata.labels = optional(patch.labels, parseLabels);
  if (patch.annotations !== undefined) metadata.annotations = optional(patch.annotations, parseAnnotations);
  if (patch.attributes !== undefined) metadata.attributes = parseAttributes(patch.attributes);
  if (patch.expiresAt !== undefined) metadata.expiresAt = patch.expiresAt;
  return { metadata, toStore: patch.store ?? null };
}

/** Seals a new value for the secret that stands at `ref` now; the body checks that it still does. */
export async function sealFor(
  ctx: Context,
  organizationId: string,
  secretId: string,
  value: Plaintext,
): Promise<NonNullable<UpdateInput["value"]>> {
  const versionId = ctx.ids.next();
  const sealed = await ctx.keyring.seal({ organizationId, secretId, versionId }, value);
  return { secretId, versionId, sealed };
}
