// Reading values: the one way to plaintext. A decision is prepared here from one snapshot, then
// written down by a transaction that checks that it still holds (record.ts); only when that record
// is on disk is the value opened (revealing.ts). No record, no plaintext.
import { type Access, admit, anySecretIn, missing, permit, storeOf, targetOf } from "../access.ts";
import { CofferError } from "../errors.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Custody, Ref } from "../organizations/organization.ts";
import type { Epochs, Query, ReadTransaction } from "../ports.ts";
import { type Store, storeNotFound } from "../stores/store.ts";
import type { SealedSecret } from "./port.ts";
import { demandCustody, type Secret, type SecretRef, secretNotFound } from "./secret.ts";
import { versionNotFound } from "./versions.ts";

/** All that a reveal needs, decided under these epochs and this revision of the secret. */
export interface PreparedReveal {
  readonly epochs: Epochs;
  /** Where the organization stood in the snapshot. */
  readonly organizationRevision: number;
  readonly because: string;
  readonly secret: Secret;
  readonly custody: Custody;
  /** The version that is revealed, the current one or a past one. */
  readonly version: number;
  readonly versionId: string;
  readonly sealed: Uint8Array;
  /** When the decision ends by itself: the token or the secret expires. */
  readonly validUntil: number | null;
}

export interface RevealInput extends OrganizationCall {
  readonly store: Ref;
  readonly secret: SecretRef;
  /** Null: the current one. */
  readonly version: number | null;
  readonly opaque: boolean;
  readonly foldNames: boolean;
}

export const prepareReveal: Query<RevealInput, PreparedReveal> = {
  name: "reveal.prepare",
  run: (tx, input) => prepare(tx, input),
};

export interface BatchInput extends OrganizationCall {
  readonly store: Ref;
  readonly secrets: readonly SecretRef[];
  readonly opaque: boolean;
}

/** Many at once; an item that is refused does not hold up the others. */
export const prepareBatch: Query<BatchInput, readonly (PreparedReveal | RefusedItem)[]> = {
  name: "reveal.prepare-batch",
  run: async (tx, input) => {
    const place = await placeOf(tx, input);
    const sealed = await tx.secrets.findAllSealed(place.store.id, input.secrets);
    const items: (PreparedReveal | RefusedItem)[] = [];
    for (const [index, secret] of input.secrets.entries()) {
      const found = isSealedName(place, secret) ? null : (sealed[index] ?? null);
      try {
        items.push(await decide(tx, place, found, { at: input.at, version: null }));
      } catch (error) {
        if (!(error instanceof CofferError) || !ofOneItem.has(error.code)) throw error;
        const { code, message, details, because } = error;
        items.push({ refused: { code, message, details, because } });
      }
    }
    return withKnownStore(items);
  },
};

/**
 * Who holds single secrets of a store may not list it, and what he does not hold is missing with it. If
 * he is shown one of the others, the store is there for him.
 */
function withKnownStore(
  items: readonly (PreparedReveal | RefusedItem)[],
): readonly (PreparedReveal | RefusedItem)[] {
  const hidden = (item: PreparedReveal | RefusedItem) =>
    "refused" in item && item.refused.code === "store.not_found";
  if (!items.some(hidden)) return items;
  const [first] = items;
  if (items.every(hidden))
    throw storeNotFound(
      first !== undefined && "refused" in first ? (first.refused.because ?? undefined) : undefined,
    );
  return items.map((item) => {
    if (!("refused" in item) || !hidden(item)) return item;
    const { code, message, details } = secretNotFound();
    return { refused: { code, message, details, because: item.refused.because } };
  });
}

export interface RefusedItem {
  readonly refused: Pick<CofferError, "code" | "message" | "details" | "because">;
}

const ofOneItem: ReadonlySet<string> = new Set([
  "store.not_found",
  "secret.not_found",
  "secret.expired",
  "secret.no_value",
  "caller.denied",
]);

interface RevealPlace {
  readonly access: Access;
  readonly store: Store;
  readonly custody: Custody;
}

async function placeOf(
  tx: ReadTransaction,
  input: OrganizationCall & Pick<RevealInput, "store" | "opaque">,
): Promise<RevealPlace> {
  const access = await admit(tx, input, { id: input.organizationId });
  const store = await storeOf(tx, access, input.store);
  const { custody } = access.organization;
  demandCustody(custody, input.opaque);
  return { access, store, custody };
}

async function prepare(tx: ReadTransaction, input: RevealInput): Promise<PreparedReveal> {
  const place = await placeOf(tx, input);
  const found = isSealedName(place, input.secret) ? null : await findSealed(tx, place.store.id, input);
  return decide(tx, place, found, input);
}

/** In client custody the server knows no names. */
function isSealedName({ custody }: RevealPlace, secret: SecretRef): boolean {
  return custody === "client" && "name" in secret;
}

/** What was found, if the caller may have it. */
async function decide(
  tx: ReadTransaction,
  { access, store, custody }: RevealPlace,
  found: SealedSecret | null,
  input: Pick<RevealInput, "at" | "version">,
): Promise<PreparedReveal> {
  if (found === null || found.secret.state !== "active") throw missing(access, anySecretIn(store));
  const { secret } = found;
  const { because } = permit(access, "secret.reveal", targetOf(secret));
  if (secret.expiresAt !== null && secret.expiresAt <= input.at) throw expired();
  if (input.version !== null && input.version !== secret.version) demandPast(access);
  const value = await versionOf(tx, secret, found.sealed, input.version);
  const until = [secret.expiresAt, access.expiresAt].filter((time) => time !== null);
  return {
    epochs: access.epochs,
    organizationRevision: access.organization.revision,
    because,
    secret,
    custody,
    ...value,
    validUntil: until.length === 0 ? null : Math.min(...until),
  };
}

/** Exact first, then the only name that differs in letter case alone. */
async function findSealed(
  tx: ReadTransaction,
  storeId: string,
  { secret, foldNames }: RevealInput,
): Promise<SealedSecret | null> {
  const exact = await tx.secrets.findSealed(storeId, secret);
  if (exact !== null || !foldNames || "id" in secret) return exact;
  const [only, ...more] = await tx.secrets.findFolded(storeId, secret.name);
  return only === undefined || more.length > 0 ? null : tx.secrets.findSealed(storeId, { id: only.id });
}

/** Jobs and services read the current value alone: a past one was replaced for a reason. */
function demandPast({ authority }: Access): void {
  const kind = authority.standing?.kind;
  if (kind !== "job" && kind !== "service") return;
  const because = `${kind}: reads no past version`;
  throw new CofferError("caller.denied", "This credential may not do that.", {}, { because });
}

async function versionOf(
  tx: ReadTransaction,
  secret: Secret,
  current: Uint8Array | null,
  version: number | null,
): Promise<{ version: number; versionId: string; sealed: Uint8Array }> {
  if (version === null || version === secret.version) {
    if (secret.versionId === null || current === null) throw noValue();
    return { version: secret.version, versionId: secret.versionId, sealed: current };
  }
  const past = await tx.versions.sealed(secret.id, version);
  if (past === null) throw versionNotFound();
  return { version, versionId: past.version.id, sealed: past.sealed };
}

function expired(): CofferError {
  return new CofferError("secret.expired", "The secret has expired; its value is out of reach.");
}

function noValue(): CofferError {
  return new CofferError("secret.no_value", "The secret has no value yet.");
}
