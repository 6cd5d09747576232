// Creating secrets: one, or many of which all come to be or none.
import { type Access, admit, namedIn, permit, storeOf, storeTarget } from "../access.ts";
import { authorize } from "../authorize.ts";
import { embedded } from "../backends/backends.ts";
import { actorOf } from "../caller.ts";
import { invalid } from "../errors.ts";
import { limits } from "../limits.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import type { Custody, Ref } from "../organizations/organization.ts";
import type { Plaintext } from "../plaintext.ts";
import type { Context } from "../ports.ts";
import type { Attributes, Json, Store } from "../stores/store.ts";
import { atItem, commitSecrets, confirmTerm, type SecretChange, writeAlone } from "./commit.ts";
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
  type Version,
} from "./secret.ts";
import { refTarget, someSecrets } from "./target.ts";

/** What a dialect hands in. Absent and null both mean: unset. */
export interface NewSecret {
  readonly name: string;
  readonly value?: Plaintext | null;
  readonly description?: string | null;
  readonly policy?: string | null;
  readonly consumers?: readonly string[] | null;
  readonly labels?: Labels | null;
  readonly annotations?: Labels | null;
  readonly attributes?: Attributes;
  readonly expiresAt?: number | null;
  /** The client sealed name, description and value itself (client custody). */
  readonly opaque?: boolean;
}

export interface CreateOptions {
  /** Refuse a name that differs from a live one only in letter case (decided in the transaction). */
  readonly foldNames?: boolean;
  readonly dryRun?: boolean;
}

/** A checked secret with its ids and its value sealed: what travels to the body. */
export interface Draft {
  readonly secretId: string;
  readonly versionId: string | null;
  readonly value: SealedValue | null;
  readonly name: string;
  readonly description: string | null;
  readonly policy: string | null;
  readonly consumers: readonly string[] | null;
  readonly labels: Labels | null;
  readonly annotations: Labels | null;
  readonly attributes: Attributes;
  readonly expiresAt: number | null;
}

export interface CreateInput extends OrganizationCall {
  readonly store: Ref;
  readonly drafts: readonly Draft[];
  readonly foldNames: boolean;
  readonly dryRun: boolean;
}

export const createSecrets = mutation<CreateInput, readonly Secret[]>({
  name: "secret.create",
  action: "secret.create",
  target: ({ drafts: [only, ...more] }) =>
    only === undefined || more.length > 0 ? someSecrets : refTarget({ name: only.name }),
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const store = await storeOf(tx, access, input.store);
    const because = permitNames(access, store, input.drafts);
    for (const { value } of input.drafts) {
      if (value !== null) await confirmTerm(tx, input.organizationId, value);
    }
    if (input.foldNames) await writeAlone(tx, input.organizationId);
    const changes: SecretChange[] = [];
    for (const [index, draft] of input.drafts.entries()) {
      if (input.foldNames && (await tx.secrets.findFolded(store.id, draft.name)).length > 0) {
        throw atItem(nameTaken(), index, input.drafts.length);
      }
      changes.push(creation(input, store, draft, because, {}));
    }
    if (input.dryRun) {
      for (const [index, { name }] of input.drafts.entries()) {
        if ((await tx.secrets.find(store.id, { name })) !== null)
          throw atItem(nameTaken(), index, input.drafts.length);
      }
      return changes.flatMap(({ after }) => (after === null ? [] : [after]));
    }
    const written = await commitSecrets(tx, input, access, changes);
    return written.flatMap((secret) => (secret === null ? [] : [secret]));
  },
});

/** A scope may name what its holder may create; all others may create anything in the store, or nothing. */
function permitNames(access: Access, store: Store, drafts: readonly Draft[]): string {
  const byName = drafts.map(({ name }) => authorize(access.authority, "secret.create", namedIn(store, name)));
  const [first] = byName;
  if (first !== undefined && byName.every(({ allowed }) => allowed)) return first.because;
  return permit(access, "secret.create", storeTarget(store)).because;
}

export function creation(
  call: OrganizationCall,
  store: Store,
  draft: Draft,
  because: string,
  details: Readonly<Record<string, Json>>,
): SecretChange {
  const createdBy = actorOf(call.caller);
  const number = draft.value === null ? 0 : 1;
  const after: Secret = {
    id: draft.secretId,
    organizationId: call.organizationId,
    storeId: store.id,
    name: draft.name,
    description: draft.description,
    policy: draft.policy,
    consumers: draft.consumers,
    labels: draft.labels,
    annotations: draft.annotations,
    attributes: draft.attributes,
    state: "active",
    version: number,
    versionId: draft.versionId,
    backend: embedded,
    createdAt: call.at,
    createdBy,
    updatedAt: null,
    updatedBy: null,
    lastReadAt: null,
    expiresAt: draft.expiresAt,
    deletedAt: null,
    deletedBy: null,
    purgeAt: null,
    orphaned: false,
    revision: 0,
  };
  const version = versionOf(draft, call.at, createdBy);
  return {
    kind: "secret.created",
    action: "secret.create",
    because,
    store,
    before: null,
    after,
    value: version && draft.value && { version, value: draft.value },
    details,
  };
}

function versionOf(draft: Draft, at: number, createdBy: Version["createdBy"]): Version | null {
  if (draft.versionId === null) return null;
  return {
    id: draft.versionId,
    secretId: draft.secretId,
    number: 1,
    state: "active",
    createdAt: at,
    createdBy,
  };
}

/** Checks every field and seals the value. The value is in the clear nowhere after this. */
export async function draftSecret(
  ctx: Context,
  organization: { readonly id: string; readonly custody: Custody },
  input: NewSecret,
): Promise<Draft> {
  const { custody } = organization;
  demandCustody(custody, input.opaque ?? false);
  const secretId = ctx.ids.next();
  const value = input.value ?? null;
  const versionId = value === null ? null : ctx.ids.next();
  const metadata = {
    name: parseSecretName(input.name, custody),
    description: optional(input.description, (text) => parseDescription(text, custody)),
    policy: optional(input.policy, parsePolicy),
    consumers: optional(input.consumers, parseConsumers),
    labels: optional(input.labels, parseLabels),
    annotations: optional(input.annotations, parseAnnotations),
    attributes: parseAttributes(input.attributes ?? {}),
    expiresAt: input.expiresAt ?? null,
  };
  const sealed =
    value === null || versionId === null
      ? null
      : await ctx.keyring.seal({ organizationId: organization.id, secretId, versionId }, value);
  return { secretId, versionId, value: sealed, ...metadata };
}

export function optional<T, R>(value: T | null | undefined, parse: (value: T) => R): R | null {
  return value === null || value === undefined ? null : parse(value);
}

/** Two items of one request cannot both have a name. */
export function refuseRepeatedNames(drafts: readonly Draft[], foldName: (name: string) => string): void {
  if (drafts.length > limits.batchMax) {
    throw invalid("items", `must have at most ${limits.batchMax} entries`, { limit: limits.batchMax });
  }
  const seen = new Set<string>();
  for (const [index, { name }] of drafts.entries()) {
    const key = foldName(name);
    if (seen.has(key)) throw atItem(nameTaken(), index, drafts.length);
    seen.add(key);
  }
}
