// Revealing as a dialect calls it: remember, decide, record, open. See reveal.ts and record.ts for
// the bodies.
import type { AuditEntry } from "../audit/entry.ts";
import { atMost } from "../backends/backends.ts";
import { isPointer } from "../backends/pointer.ts";
import type { Caller } from "../caller.ts";
import { CofferError, errorFromRecord, errorRecord } from "../errors.ts";
import type { Address } from "../keys/keyring.ts";
import { limits } from "../limits.ts";
import { callOf, type OrganizationCall, read, refusedEntry, writeRefusals } from "../operation.ts";
import type { Directory } from "../organizations/directory.ts";
import type { Ref } from "../organizations/organization.ts";
import type { Plaintext } from "../plaintext.ts";
import type { Context } from "../ports.ts";
import { type Remembered, remembered, revealMemory, touchIsDue } from "./memory.ts";
import { revealOutright } from "./outright.ts";
import { recorder } from "./recorder.ts";
import { parseBatch } from "./remove.ts";
import {
  type BatchInput,
  type PreparedReveal,
  prepareBatch,
  prepareReveal,
  type RevealInput,
} from "./reveal.ts";
import type { Secret, SecretRef } from "./secret.ts";
import { withStored } from "./stored.ts";
import { refTarget, someSecrets } from "./target.ts";

export interface Revealed {
  readonly secret: Secret;
  readonly version: number;
  /** Null where the caller has this revision already. */
  readonly value: Plaintext | null;
}

export interface RevealOptions {
  /** A past version; absent: the current one. */
  readonly version?: number;
  /** Where no secret has exactly that name, the only one that differs from it in letter case. */
  readonly foldNames?: boolean;
  /** Revisions which the caller holds already. */
  readonly unlessRevisions?: readonly number[];
  /** Versions which the caller holds already. */
  readonly unlessVersions?: readonly number[];
  readonly opaque?: boolean;
}

export type BatchItem =
  | { readonly secret: SecretRef; readonly revealed: Revealed; readonly error: null }
  | { readonly secret: SecretRef; readonly revealed: null; readonly error: CofferError };

export interface Revealing {
  reveal(caller: Caller, org: Ref, store: Ref, secret: SecretRef, options?: RevealOptions): Promise<Revealed>;
  /** In the order asked; an item that is refused does not hold up the others. */
  revealAll(
    caller: Caller,
    org: Ref,
    store: Ref,
    secrets: readonly SecretRef[],
    options?: {
      readonly opaque?: boolean;
      /** All or none: what refuses the first item refuses the whole, and nothing is read. */
      readonly whole?: boolean;
    },
  ): Promise<readonly BatchItem[]>;
}

/** Fewer than this are looked up on the thread that asks. */
const batchPointsMax = 128;

export function revealing(ctx: Context, directory: Directory): Revealing {
  const memory = revealMemory();
  const written = recorder(ctx.database);

  /** Waits for nothing where the key is at hand and the bytes open, which is nearly always. */
  const open = (item: Remembered): Plaintext | Promise<Plaintext> => {
    const { sealed } = item.prepared;
    try {
      item.opening ??= ctx.keyring.opening(addressOf(item.prepared), sealed);
      const value = item.opening.atOnce();
      if (value !== null) return value;
    } catch (error) {
      if (!(error instanceof CofferError) || error.code !== "value.integrity") throw error;
    }
    const address = addressOf(item.prepared);
    return withStored(ctx, address, sealed, (bytes) => ctx.keyring.open(address, bytes));
  };

  /** Writes the reveals down, then the refusals; false if something moved and all is to be decided again. */
  const record = async (
    call: OrganizationCall,
    items: readonly Remembered[],
    refusals: readonly AuditEntry[],
  ): Promise<boolean> => {
    const first = items[0];
    if (first !== undefined) {
      const { caller, at, organizationId } = call;
      const { epochs } = first.prepared;
      const seenRevision = items.reduce(
        (least, item) => Math.min(least, item.seenRevision),
        first.seenRevision,
      );
      const reveals = items.map((item) => ({ packed: item.packed, touch: touchIsDue(item, at) }));
      const outcome = await written.record({ caller, at, organizationId, epochs, seenRevision, reveals });
      if (outcome === null) return false;
      for (const item of items) {
        item.seenRevision = outcome;
        if (touchIsDue(item, at)) item.touchedAt = at;
      }
    }
    if (refusals.length > 0) await writeRefusals(ctx, refusals);
    return true;
  };

  const revealed = (
    item: Remembered,
    { unlessRevisions = [], unlessVersions = [] }: RevealOptions = {},
  ): Revealed | Promise<Revealed> => {
    const { secret, version } = item.prepared;
    const held = unlessRevisions.includes(secret.revision) || unlessVersions.includes(version);
    const value = held ? null : open(item);
    if (!(value instanceof Promise)) return { secret, version, value };
    return value.then((opened) => ({ secret, version, value: opened }));
  };

  return {
    async reveal(caller, org, store, secret, options = {}) {
      const organization =
        directory.known(org) ?? (await directory.locate(caller, org, "secret.reveal", refTarget(secret)));
      const { version = null, opaque = false, foldNames = false } = options;
      const shelf = version === null && !opaque ? memory.shelf(caller, organization.id, store) : null;
      for (let turn = 0; turn < limits.redecideMax; turn += 1) {
        const call = { ...callOf(ctx, caller), organizationId: organization.id };
        const known = shelf === null ? null : shelf.find(secret, call.at);
        const input = { ...call, store, secret, version, opaque, foldNames };
        const item = known ?? remembered(await prepareOne(ctx, input));
        if (!(await record(call, [item], []))) {
          shelf?.forget(secret);
          ctx.measures.redecided();
          continue;
        }
        ctx.measures.revealed(known !== null);
        // What was found under another letter case is not what has that name.
        if (known === null && isNamed(secret, item)) shelf?.keep(secret, item);
        return await revealed(item, options);
      }
      const call = { ...callOf(ctx, caller), organizationId: organization.id };
      const input = { ...call, store, secret, version, opaque, foldNames };
      return revealed(remembered(await ctx.database.execute(revealOutright, input)), options);
    },

    async revealAll(caller, org, store, secrets, { opaque = false, whole = false } = {}) {
      parseBatch("names", secrets);
      const organization = await directory.locate(caller, org, "secret.reveal", someSecrets);
      const shelf = opaque ? null : memory.shelf(caller, organization.id, store);
      for (let turn = 0; turn < limits.redecideMax; turn += 1) {
        const call = { ...callOf(ctx, caller), organizationId: organization.id };
        const known = shelf === null ? [] : secrets.map((secret) => shelf.find(secret, call.at));
        const items = await completed(ctx, { ...call, store, secrets, opaque }, known);
        refuseTooMuch(items);
        const found = items.filter((item): item is Remembered => !(item instanceof CofferError));
        const refusals = items.flatMap((item, index) => refusalOf(call, secrets[index], item));
        if (whole && found.length < items.length) {
          if (refusals.length > 0) await writeRefusals(ctx, refusals);
          throw firstRefusal(items);
        }
        if (!sameEpochs(found) || !(await record(call, found, refusals))) {
          for (const secret of secrets) shelf?.forget(secret);
          ctx.measures.redecided();
          continue;
        }
        const fetched = await fetchedTogether(found, revealed);
        const answers: BatchItem[] = [];
        for (const [index, secret] of secrets.entries()) {
          const item = items[index];
          if (item === undefined) continue;
          if (item instanceof CofferError) {
            answers.push({ secret, revealed: null, error: item });
            continue;
          }
          const remembering = item === known[index];
          ctx.measures.revealed(remembering);
          if (!remembering) shelf?.keep(secret, item);
          answers.push({ secret, revealed: fetched.get(item) ?? (await revealed(item)), error: null });
        }
        return answers;
      }
      throw stillMoving();
    },
  };
}

function addressOf({ secret, versionId }: PreparedReveal): Address {
  return { organizationId: secret.organizationId, secretId: secret.id, versionId };
}

/** What has to be asked for elsewhere is asked for some at a time. */
async function fetchedTogether(
  items: readonly Remembered[],
  revealed: (item: Remembered) => Revealed | Promise<Revealed>,
): Promise<ReadonlyMap<Remembered, Revealed>> {
  const far = items.filter(({ prepared: { sealed } }) => isPointer(sealed));
  const pairs = await atMost(
    limits.remoteReadsMax,
    far,
    async (item) => [item, await revealed(item)] as const,
  );
  return new Map(pairs);
}

function isNamed(ref: SecretRef, { prepared: { secret } }: Remembered): boolean {
  return "id" in ref || ref.name === secret.name;
}

function prepareOne(ctx: Context, input: RevealInput): Promise<PreparedReveal> {
  const target = refTarget(input.secret);
  return read(ctx, { query: prepareReveal, action: "secret.reveal", target, where: "point" }, input);
}

/** Reads what is not known yet; where little is missing, on the thread that asks. */
async function completed(
  ctx: Context,
  input: BatchInput,
  known: readonly (Remembered | null)[],
): Promise<readonly (Remembered | CofferError)[]> {
  const missing = input.secrets.filter((_, index) => (known[index] ?? null) === null);
  if (missing.length === 0) return known.filter((item) => item !== null);
  const where = missing.length > batchPointsMax ? "scan" : "point";
  const reading = { query: prepareBatch, action: "secret.reveal", target: someSecrets, where } as const;
  const prepared = await read(ctx, reading, { ...input, secrets: missing });
  let next = 0;
  return input.secrets.map((_, index) => {
    const before = known[index] ?? null;
    if (before !== null) return before;
    const item = prepared[next];
    next += 1;
    if (item === undefined) throw stillMoving();
    return "refused" in item ? errorFromRecord(item.refused) : remembered(item);
  });
}

/** What was remembered under other epochs must be decided again, and with it the whole batch. */
function sameEpochs(items: readonly Remembered[]): boolean {
  const first = items[0]?.prepared.epochs;
  return items.every(
    ({ prepared: { epochs } }) =>
      epochs.organization === first?.organization && epochs.installation === first.installation,
  );
}

function refusalOf(
  call: OrganizationCall,
  secret: SecretRef | undefined,
  item: Remembered | CofferError,
): readonly AuditEntry[] {
  if (!(item instanceof CofferError) || secret === undefined) return [];
  const entry = refusedEntry(call, "secret.reveal", refTarget(secret), item);
  return entry === null ? [] : [entry];
}

function firstRefusal(items: readonly (Remembered | CofferError)[]): CofferError {
  const index = items.findIndex((item) => item instanceof CofferError);
  const first = items[index];
  if (!(first instanceof CofferError)) throw stillMoving();
  return errorFromRecord({ ...errorRecord(first), details: { ...first.details, index } });
}

function refuseTooMuch(items: readonly (Remembered | CofferError)[]): void {
  let bytes = 0;
  for (const item of items) if (!(item instanceof CofferError)) bytes += item.prepared.sealed.length;
  if (bytes <= limits.batchAnswerBytesMax) return;
  throw new CofferError(
    "request.too_large",
    "The values asked for are more than one answer carries; ask for fewer names at once.",
    { field: "names", limit: limits.batchAnswerBytesMax },
  );
}

/** Access changed again and again while this was decided; the client may simply ask once more. */
function stillMoving(): CofferError {
  return new CofferError("server.busy", "Access to the secret kept changing while it was read; try again.");
}
