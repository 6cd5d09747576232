// The first start, and the way back in for who holds the host.
import type { Call } from "./access.ts";
import type { AuditAction } from "./actions.ts";
import type { AuditTarget } from "./audit/entry.ts";
import { RunAgain } from "./errors.ts";
import { standingOf } from "./keys/root.ts";
import { termTarget } from "./keys/term.ts";
import { entryOf } from "./operation.ts";
import { insertOrganization, type NewOrganization } from "./organizations/create.ts";
import type { Person } from "./people/person.ts";
import type {
  Command,
  Installation,
  InternalKeyRecord,
  KeyRecord,
  Query,
  TokenRecord,
  Transaction,
} from "./ports.ts";
import type { Json } from "./stores/store.ts";
import { unnarrowed } from "./tokens/token.ts";

interface CreateInput extends Call {
  readonly installation: Installation;
  readonly keys: readonly KeyRecord[];
  readonly internalKeys: readonly InternalKeyRecord[];
  readonly person: Person;
  readonly token: TokenRecord;
  readonly organization: NewOrganization;
}

/** Answers the installation that stands: on PostgreSQL another node may have been first. */
export const createInstallation: Command<CreateInput, Installation> = {
  name: "installation.create",
  run: async (tx, input) => {
    const before = await tx.installation.find();
    if (before !== null) return before;
    if (!(await tx.installation.insert(input.installation))) throw new RunAgain("another node was first");
    for (const key of input.keys) await tx.installation.insertKey(key);
    for (const id of new Set(input.keys.map(({ rootKeyId }) => rootKeyId))) {
      await tx.keys.insertRoot(id, "current", input.at);
    }
    for (const key of input.internalKeys) await tx.installation.insertInternalKey(key);
    await tx.access.startEpoch("installation");
    await tx.people.insert(input.person);
    await insertOrganization(tx, input.organization, input.at);
    await tx.access.insertToken(input.token);
    const target = { kind: "installation", id: input.installation.id, name: null, storeId: null };
    await noted(tx, input, "installation.create", target, {
      organization: input.organization.organization.id,
      person: input.person.id,
      tokenId: input.token.id,
    });
    return input.installation;
  },
};

interface RecoverInput extends Call {
  readonly token: Pick<TokenRecord, "id" | "name" | "hash" | "expiresAt" | "revokedAt" | "createdAt">;
}

/** A new token for the first person of the installation; null where there is none. */
export const recoverOwner: Command<RecoverInput, Person | null> = {
  name: "installation.recover",
  run: async (tx, input) => {
    const person = await tx.people.firstOperator();
    if (person === null) return null;
    await tx.access.insertToken({
      ...input.token,
      organizationId: null,
      principalKind: "person",
      principalId: person.id,
      ...unnarrowed,
    });
    const target = { kind: "token", id: input.token.id, name: input.token.name, storeId: null };
    await noted(tx, input, "token.recover", target, { person: person.id });
    return person;
  },
};

async function noted(
  tx: Transaction,
  call: Call,
  action: AuditAction,
  target: AuditTarget,
  details: Readonly<Record<string, Json>>,
): Promise<void> {
  const done = { organizationId: null, outcome: "allowed", because: "on the host" } as const;
  await tx.audit.append(entryOf(call, { ...done, action, target, details }));
}

export interface StoredKeys {
  readonly installation: Installation | null;
  readonly keys: readonly KeyRecord[];
  readonly internalKeys: readonly InternalKeyRecord[];
  /** The root key that wraps what comes; null before the first start. */
  readonly wrapsUnder: string | null;
  /** Without each of these some key does not open. */
  readonly rootsNeeded: readonly string[];
}

/** What a start needs to unlock: all still wrapped. */
export const readKeys: Query<null, StoredKeys> = {
  name: "installation.keys",
  run: async (tx) => ({
    installation: await tx.installation.find(),
    keys: await tx.installation.keys(),
    internalKeys: await tx.installation.internalKeys(),
    wrapsUnder: standingOf(await tx.keys.rootKeys()).current,
    rootsNeeded: await tx.keys.neededRoots(),
  }),
};

interface AddKeysInput extends Call {
  readonly keys: readonly InternalKeyRecord[];
}

/** Adds what is lacking, unless another node was first; answers all there are. */
export const addInternalKeys: Command<AddKeysInput, readonly InternalKeyRecord[]> = {
  name: "installation.add-keys",
  run: async (tx, input) => {
    // Two nodes that start at once take turns here.
    await tx.access.raiseInstallationEpoch();
    const before = await tx.installation.internalKeys();
    const known = new Set(before.map(({ purpose }) => purpose));
    for (const key of input.keys) {
      if (known.has(key.purpose)) continue;
      await tx.installation.insertInternalKey(key);
      await noted(tx, input, "key.manage", termTarget(key), { change: "added", purpose: key.purpose });
    }
    return tx.installation.internalKeys();
  },
};

export const readOrganizationKeys: Query<{ organizationId: string }, readonly KeyRecord[]> = {
  name: "organization.keys",
  run: (tx, { organizationId }) => tx.installation.organizationKeys(organizationId),
};

export const reserveSeals: Command<{ keyId: string; count: number }, number | null> = {
  name: "keys.reserve",
  run: (tx, { keyId, count }) => tx.installation.reserveSeals(keyId, count),
};
