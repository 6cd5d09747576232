// What a dialect may change by ids alone: removals, the trash, imports, past values and who has access.
import type { Action } from "../actions.ts";
import { embedded } from "../backends/backends.ts";
import { importing, sharing } from "../backends/intents.ts";
import { finishRemovals } from "../backends/paying.ts";
import { writeValues } from "../backends/writing.ts";
import type { Caller } from "../caller.ts";
import { invalid } from "../errors.ts";
import { type Replaced, replaceGrants } from "../grants/replace.ts";
import { sealing } from "../keys/sealing.ts";
import { limits } from "../limits.ts";
import { callOf } from "../operation.ts";
import type { Directory } from "../organizations/directory.ts";
import type { Ref } from "../organizations/organization.ts";
import type { Context } from "../ports.ts";
import { draftSecret, type NewSecret } from "../secrets/create.ts";
import { parseBatch } from "../secrets/remove.ts";
import { demandCustody, type Secret, secretNotFound } from "../secrets/secret.ts";
import { someSecrets } from "../secrets/target.ts";
import { parsePatch, type SecretPatch, sealFor, type UpdateOptions } from "../secrets/update.ts";
import { createStores } from "../stores/create.ts";
import { parseStoreName } from "../stores/store.ts";
import { purgeAll, restoreAll, type SharedWanted } from "./bulk.ts";
import { type RemovedItem, removeSights } from "./remove.ts";
import { removePastVersions } from "./versions.ts";

export interface Import {
  /** Names sealed by their client (client custody). */
  readonly opaque: boolean;
  readonly stores: readonly { readonly key: string; readonly name: string }[];
  /** `store`: the key of one of these; null: in the default one. */
  readonly secrets: readonly { readonly store: string | null; readonly secret: NewSecret }[];
}

export interface SightChanges {
  /** Into the trash, all or nothing but for those that he may see and not delete. */
  removeSecrets(caller: Caller, org: Ref, ids: readonly string[]): Promise<readonly RemovedItem[]>;
  restoreAll(caller: Caller, org: Ref, ids: readonly string[]): Promise<void>;
  purgeAll(caller: Caller, org: Ref, ids: readonly string[]): Promise<void>;
  removePastVersions(caller: Caller, org: Ref, ids: readonly string[]): Promise<void>;
  importAll(caller: Caller, org: Ref, what: Import): Promise<void>;
  replaceGrants(caller: Caller, org: Ref, replaced: Replaced): Promise<void>;
  /** A new secret with who has access to it alone, in one step. */
  createShared(
    caller: Caller,
    org: Ref,
    store: Ref,
    secret: NewSecret,
    wanted: SharedWanted,
  ): Promise<Secret>;
  updateShared(
    caller: Caller,
    org: Ref,
    place: { readonly store: Ref; readonly id: string },
    patch: SecretPatch,
    options: UpdateOptions & { readonly wanted: SharedWanted },
  ): Promise<Secret>;
}

export function sightChanges(ctx: Context, directory: Directory): SightChanges {
  const { database } = ctx;
  const located = async (caller: Caller, org: Ref, action: Action) => {
    const { id, custody } = await directory.locate(caller, org, action, someSecrets);
    return { call: { ...callOf(ctx, caller), organizationId: id }, organization: { id, custody } };
  };
  const written = (secret: Secret | null): Secret => {
    if (secret === null) throw secretNotFound();
    return secret;
  };

  return {
    async removeSecrets(caller, org, ids) {
      const { call } = await located(caller, org, "secret.delete");
      const items = await database.execute(removeSights, { ...call, ids: parseBatch("ids", ids) });
      const removed = items.filter(({ denied }) => !denied).map((item) => item.id);
      await finishRemovals(ctx, removeSights.name, removed);
      return items;
    },
    async restoreAll(caller, org, ids) {
      const { call } = await located(caller, org, "secret.restore");
      await database.execute(restoreAll, { ...call, ids: parseBatch("ids", ids) });
    },
    async purgeAll(caller, org, ids) {
      const { call } = await located(caller, org, "secret.purge");
      await database.execute(purgeAll, { ...call, ids: parseBatch("ids", ids) });
      await finishRemovals(ctx, purgeAll.name, ids);
    },
    async removePastVersions(caller, org, ids) {
      const { call } = await located(caller, org, "secret.delete");
      await database.execute(removePastVersions, { ...call, ids: parseBatch("ids", ids) });
    },
    async importAll(caller, org, { opaque, stores, secrets }) {
      parseBatch("secrets", secrets);
      const { call, organization } = await located(caller, org, "secret.create");
      const { custody } = organization;
      demandCustody(custody, opaque);
      if (stores.length > limits.importedStoresMax) {
        const limit = limits.importedStoresMax;
        throw invalid("stores", `must have at most ${limit} entries`, { limit });
      }
      const made = stores.map(({ key, name }) => ({
        key,
        id: ctx.ids.next(),
        name: parseStoreName(name, custody),
      }));
      const rest = { slug: null, attributes: {}, uniqueName: false, opaque };
      const { defaultName: backend } = ctx.backends;
      const drafts = made.map(({ id, name }) => ({ id, name, ...rest, backend, asked: null }));
      // Values on their way elsewhere need a store that is there: then these are a commit of their own.
      const first = backend !== embedded && drafts.length > 0;
      if (first) await database.execute(createStores, { ...call, drafts });
      await sealing(ctx, organization.id, async () => {
        const byStore = new Map<string | null, Awaited<ReturnType<typeof draftSecret>>[]>();
        for (const { store, secret } of secrets) {
          const inStore = byStore.get(store) ?? [];
          inStore.push(await draftSecret(ctx, organization, { ...secret, opaque }));
          byStore.set(store, inStore);
        }
        await writeValues(ctx, importing, {
          ...call,
          stores: first ? [] : drafts,
          secrets: [...byStore].map(([store, inStore]) => ({
            store: refOfKey(made, store),
            drafts: inStore,
          })),
        });
      });
    },
    async replaceGrants(caller, org, replaced) {
      const { call } = await located(caller, org, "grant.manage");
      parseBatch<unknown>("policies", replaced.wanted);
      await database.execute(replaceGrants, { ...call, replaced });
    },
    async createShared(caller, org, store, secret, wanted) {
      const { call, organization } = await located(caller, org, "secret.create");
      parseBatch("policies", wanted);
      return sealing(ctx, organization.id, async () => {
        const drafts = [await draftSecret(ctx, organization, secret)];
        const create = { ...call, store, drafts, foldNames: false, dryRun: false };
        return written(await writeValues(ctx, sharing, { ...call, write: { create }, wanted }));
      });
    },
    async updateShared(caller, org, { store, id }, patch, { wanted, unlessSame = false }) {
      const { call, organization } = await located(caller, org, "secret.update");
      parseBatch("policies", wanted);
      const { metadata, toStore } = parsePatch(patch, organization.custody);
      return sealing(ctx, organization.id, async () => {
        const value = patch.value === undefined ? null : await sealFor(ctx, organization.id, id, patch.value);
        const plain = { precondition: {}, foldNames: false, dryRun: false, unlessSame };
        const update = { ...call, store, secret: { id }, metadata, toStore, value, ...plain };
        return written(await writeValues(ctx, sharing, { ...call, write: { update }, wanted }));
      });
    },
  };
}

function refOfKey(made: readonly { readonly key: string; readonly id: string }[], key: string | null): Ref {
  if (key === null) return { slug: "default" };
  const id = made.find((each) => each.key === key)?.id;
  if (id === undefined) throw invalid("secrets", "must lie in stores of the same import");
  return { id };
}
