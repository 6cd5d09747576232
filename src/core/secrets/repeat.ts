// A create that was sent again because its answer was lost: where the same principal made the very same a
// moment ago and nothing changed since, it is answered with what was made. Values are compared by their
// keyed hash. Whoever did not make it learns nothing beyond that the name is taken.
import { timingSafeEqual } from "node:crypto";
import { type Access, admit, namedIn, permit, storeOf } from "../access.ts";
import { noted } from "../audit/noted.ts";
import type { Caller } from "../caller.ts";
import { callOf, mutation, type OrganizationCall, read } from "../operation.ts";
import type { Directory } from "../organizations/directory.ts";
import type { Ref } from "../organizations/organization.ts";
import type { Context, Query, ReadTransaction } from "../ports.ts";
import type { NewSecret } from "./create.ts";
import type { Secret } from "./secret.ts";
import { refTarget, secretTarget } from "./target.ts";

interface RepeatInput extends OrganizationCall {
  readonly store: Ref;
  readonly made: Pick<Secret, "name" | "description" | "attributes">;
  readonly withinMs: number;
}

export const findRepeat: Query<RepeatInput, string | null> = {
  name: "secret.repeat.find",
  run: async (tx, input) => (await madeBefore(tx, input)).secret?.id ?? null,
};

interface ConfirmInput extends RepeatInput {
  /** Of the value that was sent, for this secret. */
  readonly secretId: string;
  readonly fingerprint: Uint8Array;
}

export const confirmRepeat = mutation<ConfirmInput, Secret | null>({
  name: "secret.repeat",
  action: "secret.create",
  target: ({ made }) => refTarget({ name: made.name }),
  run: async (tx, input) => {
    const { access, because, secret } = await madeBefore(tx, input);
    if (secret === null || secret.id !== input.secretId || secret.versionId === null) return null;
    const stored = await tx.versions.fingerprint(secret.versionId);
    if (stored === null || !same(stored, input.fingerprint)) return null;
    const target = secretTarget(access.organization.custody, secret);
    await noted(tx, input, { action: "secret.create", target, because, details: { repeated: true } });
    return secret;
  },
});

function same(stored: Uint8Array, given: Uint8Array): boolean {
  return stored.length === given.length && timingSafeEqual(stored, given);
}

async function madeBefore(
  tx: ReadTransaction,
  input: RepeatInput,
): Promise<{ readonly access: Access; readonly because: string; readonly secret: Secret | null }> {
  const access = await admit(tx, input, { id: input.organizationId });
  const store = await storeOf(tx, access, input.store);
  const { name } = input.made;
  const { because } = permit(access, "secret.create", namedIn(store, name));
  const secret = await tx.secrets.find(store.id, { name });
  return { access, because, secret: secret !== null && isRepeat(secret, input) ? secret : null };
}

function isRepeat(secret: Secret, { caller, at, made, withinMs }: RepeatInput): boolean {
  const { createdBy, createdAt, updatedAt, description, attributes } = secret;
  return (
    createdBy.kind === caller.kind &&
    createdBy.id === caller.id &&
    at - createdAt < withinMs &&
    updatedAt === null &&
    description === made.description &&
    JSON.stringify(attributes) === JSON.stringify(made.attributes)
  );
}

/** What was made by an earlier sending of the same request; null where there was none. */
export function repeating(ctx: Context, directory: Directory) {
  return async (
    caller: Caller,
    org: Ref,
    store: Ref,
    { name, value, description = null, attributes = {} }: NewSecret,
    withinMs: number,
  ): Promise<Secret | null> => {
    if (value === undefined || value === null) return null;
    const target = refTarget({ name });
    const { id: organizationId } = await directory.locate(caller, org, "secret.create", target);
    const made = { name, description, attributes };
    const input = { ...callOf(ctx, caller), organizationId, store, made, withinMs };
    const reading = { query: findRepeat, action: "secret.create", target, where: "point" } as const;
    const secretId = await read(ctx, reading, input);
    if (secretId === null) return null;
    // A keyed hash is of a secret, whichever its version.
    const fingerprint = ctx.keyring.fingerprint({ organizationId, secretId, versionId: "" }, value);
    return ctx.database.execute(confirmRepeat, { ...input, secretId, fingerprint });
  };
}
