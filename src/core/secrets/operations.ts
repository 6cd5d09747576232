// What a dialect may do with secrets. Each operation checks its input, seals what is to be
// sealed, and hands plain data to a body; decisions and audit happen there.
import { creating, duplicating, restoring, updating } from "../backends/intents.ts";
import { finishRemovals } from "../backends/paying.ts";
import { writeValues } from "../backends/writing.ts";
import type { Caller } from "../caller.ts";
import { CofferError } from "../errors.ts";
import { sealing } from "../keys/sealing.ts";
import { limits } from "../limits.ts";
import { callOf, read } from "../operation.ts";
import type { Directory } from "../organizations/directory.ts";
import type { Ref } from "../organizations/organization.ts";
import { type Page, pageOf } from "../pagination.ts";
import type { Address, Context } from "../ports.ts";
import { fold } from "../text.ts";
import { type CreateOptions, draftSecret, type NewSecret, refuseRepeatedNames } from "./create.ts";
import { type DuplicateSource, findDuplicateSource } from "./duplicate.ts";
import { demandSelectors, type ListedState } from "./filter.ts";
import { findFoldedSecret, getSecret, type ListInput, listSecrets, type SecretList } from "./list.ts";
import { secretPosition } from "./position.ts";
import { parseBatch, type Removal, removeSecrets } from "./remove.ts";
import { repeating } from "./repeat.ts";
import { type Revealing, revealing } from "./revealing.ts";
import type { SealedValue, Secret, SecretRef, Version } from "./secret.ts";
import { withStored } from "./stored.ts";
import { refTarget, someSecrets } from "./target.ts";
import { purgeTrashed, restoreSecret } from "./trash.ts";
import { type Precondition, parsePatch, type SecretPatch, sealFor, type UpdateOptions } from "./update.ts";
import { findPastValue, listVersions } from "./versions.ts";

export type ListQuery = Partial<Omit<ListInput, "caller" | "at" | "organizationId" | "store" | "state">>;

export interface RemoveOptions extends Precondition {
  readonly removal: Removal;
  readonly demandsPurge?: boolean;
}

/** Absent metadata is copied from the source, present null is unset. */
export interface DuplicateRequest extends Omit<NewSecret, "value"> {
  readonly store?: Ref;
  readonly foldNames?: boolean;
}

export interface SecretOperations extends Revealing {
  /** Where its value lies, as the backend's own tools call it; null: in the database. */
  location(secret: Secret): string | null;
  create(caller: Caller, org: Ref, store: Ref, secret: NewSecret, options?: CreateOptions): Promise<Secret>;
  /**
   * For requests that are sent again when their answer was lost: what the same principal made the very same
   * way within this time, and what did not change since, is answered once more.
   */
  createOnce(caller: Caller, org: Ref, store: Ref, secret: NewSecret, withinMs: number): Promise<Secret>;
  /** All or none. For each on its own, call `create` for each: they share a commit anyway. */
  createAll(
    caller: Caller,
    org: Ref,
    store: Ref,
    secrets: readonly NewSecret[],
    options?: CreateOptions,
  ): Promise<readonly Secret[]>;
  get(caller: Caller, org: Ref, store: Ref, secret: SecretRef): Promise<Secret>;
  findFolded(caller: Caller, org: Ref, store: Ref, name: string): Promise<Secret>;
  list(caller: Caller, org: Ref, store: Ref | null, query: ListQuery): Promise<SecretPage>;
  /** `deleting`: what is purged and still on its way out of another backend. */
  trash(caller: Caller, org: Ref, query: ListQuery, state?: "trashed" | "deleting"): Promise<SecretPage>;
  update(
    caller: Caller,
    org: Ref,
    store: Ref,
    secret: SecretRef,
    patch: SecretPatch,
    options?: UpdateOptions,
  ): Promise<Secret>;
  /**
   * Reads, lets `change` make a patch of what it read, and writes it if nothing moved in between;
   * else it reads again. `change` must not have effects of its own.
   */
  modify(
    caller: Caller,
    org: Ref,
    store: Ref,
    secret: SecretRef,
    change: (current: Secret) => SecretPatch,
    options?: UpdateOptions,
  ): Promise<Secret>;
  remove(caller: Caller, org: Ref, store: Ref, secret: SecretRef, options: RemoveOptions): Promise<void>;
  removeAll(
    caller: Caller,
    org: Ref,
    store: Ref,
    secrets: readonly SecretRef[],
    options: RemoveOptions,
  ): Promise<readonly Secret[]>;
  restore(caller: Caller, org: Ref, id: string, name: string | null): Promise<Secret>;
  purge(caller: Caller, org: Ref, id: string): Promise<void>;
  duplicate(
    caller: Caller,
    org: Ref,
    store: Ref,
    secret: SecretRef,
    request: DuplicateRequest,
  ): Promise<Secret>;
  versions(
    caller: Caller,
    org: Ref,
    store: Ref,
    secret: SecretRef,
    page: { readonly before: number | null; readonly limit: number },
  ): Promise<{ readonly secret: Secret; readonly page: Page<Version> }>;
  restoreVersion(
    caller: Caller,
    org: Ref,
    store: Ref,
    secret: SecretRef,
    number: number,
    precondition?: Precondition,
  ): Promise<Secret>;
}

export interface SecretPage extends Page<Secret> {
  readonly total: number | null;
  /** Where the organization stood: the feed goes on from there. */
  readonly revision: number;
}

export function secretOperations(ctx: Context, directory: Directory): SecretOperations {
  const { database } = ctx;

  const get: SecretOperations["get"] = async (caller, org, store, secret) => {
    const target = refTarget(secret);
    const { id } = await directory.locate(caller, org, "secret.read", target);
    const input = { ...callOf(ctx, caller), organizationId: id, store, secret };
    return read(ctx, { query: getSecret, action: "secret.read", target, where: "point" }, input);
  };

  const createAll: SecretOperations["createAll"] = async (caller, org, store, secrets, options = {}) => {
    parseBatch("items", secrets);
    const organization = await directory.locate(caller, org, "secret.create", someSecrets);
    const { foldNames = false, dryRun = false } = options;
    return sealing(ctx, organization.id, async () => {
      const drafts = await Promise.all(secrets.map((secret) => draftSecret(ctx, organization, secret)));
      refuseRepeatedNames(drafts, foldNames ? fold : (name) => name);
      return writeValues(ctx, creating, {
        ...callOf(ctx, caller),
        organizationId: organization.id,
        store,
        drafts,
        foldNames,
        dryRun,
      });
    });
  };

  const create: SecretOperations["create"] = async (caller, org, store, secret, options) => {
    const [created] = await createAll(caller, org, store, [secret], options);
    if (created === undefined) throw new CofferError("internal", "The secret was not created.");
    return created;
  };
  const repeated = repeating(ctx, directory);

  const update: SecretOperations["update"] = async (caller, org, store, secret, patch, options = {}) => {
    const { foldNames = false, dryRun = false, unlessSame = false, ...precondition } = options;
    const organization = await directory.locate(caller, org, "secret.update", refTarget(secret));
    const { metadata, toStore } = parsePatch(patch, organization.custody);
    return sealing(ctx, organization.id, async () => {
      // A value is sealed for one secret: its id must be known before the body finds it again.
      const idOf = async () => ("id" in secret ? secret.id : (await get(caller, org, store, secret)).id);
      const value =
        patch.value === undefined ? null : await sealFor(ctx, organization.id, await idOf(), patch.value);
      return writeValues(ctx, updating, {
        ...callOf(ctx, caller),
        organizationId: organization.id,
        store,
        secret,
        metadata,
        toStore,
        value,
        precondition,
        foldNames,
        dryRun,
        unlessSame,
      });
    });
  };

  const list = async (
    caller: Caller,
    org: Ref,
    store: Ref | null,
    state: ListedState,
    query: ListQuery,
  ): Promise<SecretPage> => {
    const target = { kind: "store", id: null, name: null, storeId: null };
    const { id } = await directory.locate(caller, org, "secret.list", target);
    const order = query.order ?? "created";
    const limit = Math.min(query.limit ?? limits.pageDefault, limits.pageMax);
    const input: ListInput = {
      ...callOf(ctx, caller),
      organizationId: id,
      store,
      state,
      search: query.search ?? null,
      labels: query.labels ?? [],
      consumersAnyOf: query.consumersAnyOf ?? null,
      order,
      direction: query.direction ?? "asc",
      after: query.after ?? null,
      afterSecret: query.afterSecret ?? null,
      offset: query.offset ?? 0,
      limit,
      exactFirst: query.exactFirst ?? false,
      totals: query.totals ?? false,
      named: query.named ?? false,
      names: query.names ?? null,
    };
    demandSelectors(input);
    const reading = { query: listSecrets, action: "secret.list", target, where: "scan" } as const;
    const found: SecretList = await read(ctx, reading, input);
    const page = pageOf(found.rows, limit, (item) => secretPosition(order, item));
    return { ...page, total: found.total, revision: found.revision };
  };

  const removeAll: SecretOperations["removeAll"] = async (caller, org, store, secrets, options) => {
    parseBatch("items", secrets);
    const { removal, demandsPurge = false, ...precondition } = options;
    const { id } = await directory.locate(caller, org, "secret.delete", someSecrets);
    const removed = await database.execute(removeSecrets, {
      ...callOf(ctx, caller),
      organizationId: id,
      store,
      secrets,
      removal,
      demandsPurge,
      precondition,
    });
    const ids = removed.map((secret) => secret.id);
    await finishRemovals(ctx, removeSecrets.name, ids);
    return removed;
  };

  const resealed = (from: Address, sealed: Uint8Array, to: Address): Promise<SealedValue> =>
    withStored(ctx, from, sealed, (bytes) => ctx.keyring.reseal(from, bytes, to));

  /** The source's value for the copy's address; null where there is none. */
  const copied = async (
    { secret: { id, organizationId, versionId: from }, sealed }: DuplicateSource,
    secretId: string,
    versionId: string | null,
  ): Promise<SealedValue | null> =>
    sealed === null || from === null || versionId === null
      ? null
      : resealed({ organizationId, secretId: id, versionId: from }, sealed, {
          organizationId,
          secretId,
          versionId,
        });

  return {
    ...revealing(ctx, directory),
    get,
    createAll,
    update,
    removeAll,

    create,
    location: ({ backend, organizationId, id }) =>
      ctx.backends.find(backend)?.locationOf({ organizationId, secretId: id }) ?? null,

    async createOnce(caller, org, store, secret, withinMs) {
      const made = await repeated(caller, org, store, secret, withinMs);
      if (made !== null) return made;
      try {
        return await create(caller, org, store, secret);
      } catch (error) {
        if (!(error instanceof CofferError) || error.code !== "secret.name_taken") throw error;
        // The first sending may have been committed meanwhile.
        const late = await repeated(caller, org, store, secret, withinMs);
        if (late === null) throw error;
        return late;
      }
    },

    async findFolded(caller, org, store, name) {
      const target = refTarget({ name });
      const { id } = await directory.locate(caller, org, "secret.read", target);
      const input = { ...callOf(ctx, caller), organizationId: id, store, name };
      return read(ctx, { query: findFoldedSecret, action: "secret.read", target, where: "point" }, input);
    },

    list: (caller, org, store, query) => list(caller, org, store, "active", query),
    trash: (caller, org, query, state = "trashed") => list(caller, org, null, state, query),

    async modify(caller, org, store, secret, change, options = {}) {
      for (let turn = 0; ; turn += 1) {
        const current = await get(caller, org, store, secret);
        const revisions = options.revisions ?? [current.revision];
        try {
          return await update(caller, org, store, secret, change(current), { ...options, revisions });
        } catch (error) {
          const raced = error instanceof CofferError && error.code === "precondition.failed";
          if (!raced || options.revisions !== undefined || turn >= limits.redecideMax) throw error;
        }
      }
    },

    async remove(caller, org, store, secret, options) {
      await removeAll(caller, org, store, [secret], options);
    },

    async restore(caller, org, id, name) {
      const located = await directory.locate(caller, org, "secret.restore", refTarget({ id }));
      return database.execute(restoreSecret, {
        ...callOf(ctx, caller),
        organizationId: located.id,
        id,
        name,
      });
    },

    async purge(caller, org, id) {
      const located = await directory.locate(caller, org, "secret.purge", refTarget({ id }));
      await database.execute(purgeTrashed, { ...callOf(ctx, caller), organizationId: located.id, id });
      await finishRemovals(ctx, purgeTrashed.name, [id]);
    },

    async duplicate(caller, org, store, secret, request) {
      const target = refTarget(secret);
      const organization = await directory.locate(caller, org, "secret.create", target);
      const { store: toStore = null, foldNames = false, ...wanted } = request;
      const place = { organizationId: organization.id, store, secret, toStore };
      const source = await read(
        ctx,
        { query: findDuplicateSource, action: "secret.create", target, where: "point" },
        { ...callOf(ctx, caller), ...place },
      );
      const { policy, consumers, expiresAt } = source.secret;
      return sealing(ctx, organization.id, async () => {
        const drafted = await draftSecret(ctx, organization, { consumers, expiresAt, ...wanted });
        // A policy that was found is copied as it stands, readable or not; one that is sent is checked.
        const draft = wanted.policy === undefined ? { ...drafted, policy } : drafted;
        const versionId = source.sealed === null ? null : ctx.ids.next();
        return writeValues(ctx, duplicating, {
          ...callOf(ctx, caller),
          ...place,
          sourceRevision: source.secret.revision,
          draft: { ...draft, value: await copied(source, draft.secretId, versionId), versionId },
          foldNames,
        });
      });
    },

    async versions(caller, org, store, secret, { before, limit }) {
      const target = refTarget(secret);
      const { id } = await directory.locate(caller, org, "secret.read", target);
      const input = { ...callOf(ctx, caller), organizationId: id, store, secret, before, limit };
      const reading = { query: listVersions, action: "secret.read", target, where: "point" } as const;
      const found = await read(ctx, reading, input);
      const page = pageOf(found.rows, limit, (version) => ({ key: version.number, id: version.id }));
      return { secret: found.secret, page };
    },

    async restoreVersion(caller, org, store, secret, number, precondition = {}) {
      const target = refTarget(secret);
      const { id } = await directory.locate(caller, org, "secret.restore", target);
      const past = await read(
        ctx,
        { query: findPastValue, action: "secret.restore", target, where: "point" },
        { ...callOf(ctx, caller), organizationId: id, store, secret, number },
      );
      const secretId = past.secret.id;
      const from = { organizationId: id, secretId, versionId: past.version.id };
      return sealing(ctx, id, async () => {
        const versionId = ctx.ids.next();
        return writeValues(ctx, restoring, {
          ...callOf(ctx, caller),
          organizationId: id,
          store,
          secretId,
          number,
          versionId,
          value: await resealed(from, past.sealed, { organizationId: id, secretId, versionId }),
          precondition,
        });
      });
    },
  };
}
