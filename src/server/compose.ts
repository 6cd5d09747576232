// Puts one node together: root key, database, keyring, operations. Readable in one sitting; the
// only decisions are the order of things and what happens when a key is missing.
import { mkdirSync } from "node:fs";
import { type LastUses, lastUses } from "../auth/last-used.ts";
import { fetcher } from "../auth/workload/fetch.ts";
import { type KeySets, keySets } from "../auth/workload/jwks.ts";
import { boundingRefusals } from "../core/audit/bounded.ts";
import type { SignedHead } from "../core/audit/entry.ts";
import { headSigner, type Unsigned } from "../core/audit/operations.ts";
import { refusals } from "../core/audit/refusals.ts";
import type { Backend } from "../core/backends/port.ts";
import { systemCaller } from "../core/caller.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { CofferError } from "../core/errors.ts";
import { type Ids, uuidv7 } from "../core/ids.ts";
import {
  addInternalKeys,
  readKeys,
  readOrganizationKeys,
  reserveSeals,
  type StoredKeys,
} from "../core/installation.ts";
import { renewKey } from "../core/keys/rotate.ts";
import { noMeasures } from "../core/measures.ts";
import { type Operations, operations } from "../core/operations.ts";
import type { Context, Database } from "../core/ports.ts";
import { sweepTombstones, sweepTrash } from "../core/secrets/trash.ts";
import { sweepTokens } from "../core/tokens/upkeep.ts";
import type { WorkloadRules } from "../core/trusts/rules.ts";
import { hashClientSecret, mintAccessToken, mintClientSecret } from "../crypto/access-tokens.ts";
import { lackingRoots, unlock } from "../crypto/keyring.ts";
import type { RootKeys } from "../crypto/roots/keys.ts";
import { isUnavailable } from "../crypto/roots/provider.ts";
import { mintInvitation, mintToken, parseInvitation } from "../crypto/tokens.ts";
import { dialects } from "../dialects/all.ts";
import { type EngineLog, traceOf } from "../storage/engine.ts";
import { serverClock } from "../storage/postgres/clock.ts";
import type { BackendConfig } from "./backend-config.ts";
import { openBackends } from "./backends.ts";
import type { Bootstrap } from "./bootstrap.ts";
import { type Committed, notingCommits } from "./committed.ts";
import type { Config } from "./config.ts";
import { nodeName, postgres, type Storage, sqlite } from "./engines.ts";
import { createFirst, demandFile, noInstallation } from "./firststart.ts";
import { type AskPassphrase, askNobody, type RootSource, rootSource } from "./keys.ts";
import type { Metrics } from "./metrics/metrics.ts";
import { noPresence, type Presence, presenceOf } from "./presence.ts";
import { diskReserve, noReserve, type Reserve, reserving } from "./reserve.ts";
import { openAnew } from "./start-anew.ts";

/** What a test may replace: time, and the engine's fault points. */
export interface NodeParts {
  readonly clock?: Clock;
  readonly bodies?: URL;
  readonly faults?: URL;
  readonly pagesMax?: number;
  /** How to ask for the root passphrase; absent where nobody can be asked. */
  readonly askPassphrase?: AskPassphrase;
  /** Where the few lines for a person go; the process's stdout where it is absent. */
  readonly announce?: (text: string) => void;
  /** Only where there is an installation already; else nothing is made. */
  readonly standing?: boolean;
  /** Called when the database turns out to hold less than was committed: the node has to be opened again. */
  readonly onBehind?: () => void;
  /** Backends of values beside those of the configuration; who gives them looks after them. For tests. */
  readonly givenBackends?: readonly Backend[];
  /** What counts; absent where nobody watches. */
  readonly metrics?: Pick<Metrics, "measures" | "commits">;
}

export interface OpenNode {
  readonly sealed: false;
  readonly context: Context;
  /** What may be said to whom something was committed before his request failed. */
  readonly committed: Pick<Committed, "told">;
  /** The public keys by which foreign tokens are verified. */
  readonly workloadKeys: KeySets;
  readonly operations: Operations;
  /** Set on the first start alone. */
  readonly bootstrap: Bootstrap | null;
  /** Signs new audit heads; called about every second. */
  signHeads(): Promise<void>;
  /** Writes down the refusals that were counted in the minutes that are over. */
  writeRefusals(): Promise<void>;
  /** When tokens were used; noted by whoever lets a request in. */
  readonly uses: Pick<LastUses, "note">;
  writeUses(): Promise<void>;
  /** What no signed audit head covers yet. */
  unsigned(): Unsigned;
  /** What the operator should look at although all works, in words; no secret is in them. */
  warnings(): readonly string[];
  /** A root key without which this node cannot open everything; it came into use after its start. */
  readonly lacks: string | null;
  /** Resolves if the database answers. */
  probe(): Promise<void>;
  /** Purges what has lain its time in the trash, and forgets tokens that ended long ago. */
  sweep(stopped: () => boolean): Promise<void>;
  /** Where there may be several nodes: says that this one runs and which root keys it holds. */
  announce(): Promise<void>;
  /** Whether it is this node, of all that run, that does what one alone should do. */
  leads(): Promise<boolean>;
  /** Carries rotations of keys on to their end. */
  rotate(stopped: () => boolean): Promise<void>;
  /** Destroys what is left of deleted organizations. */
  finishDeletions(stopped: () => boolean): Promise<void>;
  /** Whether space is short; somebody has to measure it. */
  readonly reserve: Reserve;
  close(): Promise<void>;
}

export interface SealedNode {
  readonly sealed: true;
  readonly expects: string | null;
  readonly because: string;
  /** A provider of root keys did not answer: the same start may end well in a moment. */
  readonly waits: boolean;
  close(): Promise<void>;
}

export async function openNode(
  config: Config,
  parts: NodeParts & {
    readonly log: EngineLog;
    readonly url: string;
    readonly emit: (head: SignedHead) => void;
  },
): Promise<OpenNode | SealedNode> {
  // Nodes whose clocks differ agree on the database's, so that what ends, ends on all of them.
  const shared = serverClock(parts.clock ?? systemClock);
  const clock = parts.clock ?? (config.database === null ? systemClock : shared);
  const ids = uuidv7(clock);
  if (parts.standing === true) demandFile(config);
  else mkdirSync(config.data, { recursive: true, mode: 0o700 });
  const { trusts, hideRefused, backends } = config;
  const source = rootSource(config, parts.askPassphrase ?? askNobody);
  const storage = config.database === null ? sqlite(config, parts) : postgres(config.database, shared, parts);
  // The disk under a PostgreSQL server is not this process's to see.
  const reserve =
    config.database === null ? diskReserve(config.data, config.storageReserve, parts.log) : noReserve;
  try {
    const stored = await storage.peek();
    if (stored?.installation != null)
      return await reopen({
        ...parts,
        trusts,
        hideRefused,
        backends,
        storage,
        stored,
        source,
        clock,
        ids,
        reserve,
      });
    if (parts.standing === true) throw noInstallation(config);
    const roots = await source.findOrMake();
    const database = await storage.open();
    const bootstrap = await createFirst({ config, database, roots, clock, ids, url: parts.url });
    const fresh = await database.point(readKeys, null);
    const opening = {
      ...parts,
      trusts,
      hideRefused,
      backends,
      storage,
      stored: fresh,
      source,
      clock,
      ids,
      reserve,
    };
    return await running(opening, roots, database, bootstrap);
  } catch (error) {
    await storage.release().catch((failed: unknown) => parts.log.warn(traceOf(failed), "not let go of"));
    throw error;
  }
}

interface Unlocking extends NodeParts {
  readonly trusts: WorkloadRules;
  readonly hideRefused: boolean;
  readonly backends: BackendConfig;
  readonly log: EngineLog;
  readonly emit: (head: SignedHead) => void;
  readonly storage: Storage;
  readonly stored: StoredKeys;
  readonly source: RootSource;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly reserve: Reserve;
}

/** An installation that is there: without its root key the node stays sealed and writes nothing. */
async function reopen(parts: Unlocking): Promise<OpenNode | SealedNode> {
  let roots: RootKeys | null = null;
  let failure: CofferError | null = null;
  try {
    roots = await parts.source.find();
  } catch (error) {
    if (!(error instanceof CofferError)) throw error;
    failure = error;
  }
  const trial = unlock({
    installationId: parts.stored.installation?.id ?? "",
    ...parts.stored,
    roots,
    rereadRoots: parts.source.reread,
    ids: parts.ids,
    clock: parts.clock,
    loadOrganizationKeys: async () => [],
    reserve: async () => null,
    renew: async () => null,
  });
  if (trial.sealed || roots === null) {
    const { expects = null, because = "" } = trial.sealed ? trial : {};
    failure ??= parts.source.whyNot(expects);
    const told = failure === null ? because : `${failure.message} ${because}`;
    return {
      sealed: true,
      expects,
      because: told,
      waits: isUnavailable(failure),
      close: parts.storage.release,
    };
  }
  const { keyring } = trial;
  const { database, stored } = await openAnew({ ...parts, keyring }).finally(keyring.close);
  return running({ ...parts, stored }, roots, database, null);
}

async function running(
  parts: Unlocking,
  roots: RootKeys,
  opened: Database,
  bootstrap: Bootstrap | null,
): Promise<OpenNode | SealedNode> {
  const { stored, clock, ids, reserve } = parts;
  const database = reserving(parts.metrics?.commits.around(opened) ?? opened, reserve);
  const unlocked = unlock({
    installationId: stored.installation?.id ?? "",
    ...stored,
    roots,
    rereadRoots: parts.source.reread,
    ids,
    clock,
    loadOrganizationKeys: (organizationId) => database.point(readOrganizationKeys, { organizationId }),
    reserve: (keyId, count) => database.execute(reserveSeals, { keyId, count }),
    renew: (organizationId, usedUp, key) =>
      database.execute(renewKey, {
        caller: systemCaller("rotation"),
        at: clock.now(),
        organizationId,
        usedUp,
        key,
      }),
  });
  if (unlocked.sealed) throw new CofferError("server.sealed", unlocked.because);
  const { keyring: own } = unlocked;
  const giveUp = async (error: unknown): Promise<never> => {
    await database.close((head) => own.signHead(head, clock.now()));
    own.close();
    throw error;
  };
  const at = clock.now();
  const keys = own.lackingKeys(at);
  own.takeKeys(
    keys.length > 0
      ? await database.execute(addInternalKeys, { caller: systemCaller("start"), at, keys }).catch(giveUp)
      : stored.internalKeys,
  );
  const { backends, keyring } = await openBackends({
    config: parts.backends,
    keyring: own,
    database,
    clock,
    log: parts.log,
    shared: parts.storage.shared,
    faults: parts.faults,
    given: parts.givenBackends ?? [],
  }).catch(giveUp);
  const counted = refusals(clock);
  const committed = notingCommits(boundingRefusals(database, counted));
  const workloadKeys = keySets({ rules: parts.trusts, clock, fetch: fetcher(parts.trusts) });
  const named = { id: ids.next(), name: nodeName() };
  const presence: Presence = parts.storage.shared
    ? presenceOf({ database, keyring, ...named, log: parts.log })
    : noPresence;
  const context: Context = {
    database: committed.database,
    keyring,
    backends,
    minting: {
      token: mintToken,
      invitation: mintInvitation,
      readInvitation: parseInvitation,
      accessToken: mintAccessToken,
      clientSecret: mintClientSecret,
      hashClientSecret,
    },
    clock,
    ids,
    refusals: counted,
    workloads: { rules: parts.trusts, check: (trust) => workloadKeys.check(trust) },
    scopeNames: new Map(dialects.flatMap(({ scopes }) => Object.entries(scopes))),
    hidesRefused: parts.hideRefused,
    announce: presence.announce,
    measures: parts.metrics?.measures ?? noMeasures,
  };
  const offered = operations(context);
  const signer = headSigner(context, parts.emit);
  const uses = lastUses(clock);
  const lost = (what: string) => (error: unknown) =>
    parts.log.warn({ errorName: error instanceof Error ? error.name : "unknown" }, `${what} are lost`);
  const emitLast = (head: SignedHead) => {
    try {
      parts.emit(head);
    } catch (error) {
      parts.log.error(traceOf(error), "the last audit head could not be handed out");
    }
  };
  const node: OpenNode = {
    sealed: false,
    context,
    committed,
    workloadKeys,
    operations: offered,
    bootstrap,
    reserve,
    signHeads: () => signer.sign(),
    unsigned: () => signer.unsigned(),
    warnings: parts.storage.warnings,
    leads: presence.leads,
    get lacks() {
      return presence.lacks;
    },
    writeRefusals: () => counted.write(database, "over"),
    uses,
    writeUses: () => uses.write(database),
    announce: presence.announce,
    async probe() {
      if (presence.lacks !== null) throw new CofferError("server.sealed", "A root key is missing.");
      await database.point(readKeys, null);
    },
    async sweep(stopped) {
      const caller = systemCaller("retention");
      const parts = [
        () => database.execute(sweepTrash, { caller, at: clock.now() }),
        () => database.execute(sweepTombstones, { at: clock.now() }),
        () => database.execute(sweepTokens, { at: clock.now() }),
      ];
      for (const part of parts) {
        // Each round is a commit of its own, so a long sweep holds up nobody, nor the end of the server.
        for (let done = 1; done > 0 && !stopped(); ) done = await part();
      }
    },
    finishDeletions: (stopped) => offered.organizations.work(stopped),
    async rotate(stopped) {
      const damaged = await offered.keys.work(stopped);
      if (damaged > 0)
        parts.log.error({ damaged }, "values or keys do not open: what they stand on cannot be destroyed");
    },
    async close() {
      offered.feed.release();
      // A database that takes nothing any more must not keep the node from ending.
      await counted.write(database, "all").catch(lost("counted refusals"));
      await uses.write(database).catch(lost("times of last use"));
      await presence.leave().catch(lost("the word that this node ended"));
      const last: SignedHead[] = [];
      try {
        await database.close((head) => {
          const signed = keyring.signHead(head, clock.now());
          last.push(signed);
          return signed;
        });
      } finally {
        // After they were stored: where they go beside the database may be full, or gone.
        for (const head of last) emitLast(head);
        await Promise.allSettled(backends.all.map((backend) => backend.close()));
        keyring.close();
      }
    },
  };
  try {
    // Before anything is served: until then nobody waits for this node.
    await presence.announce();
  } catch (error) {
    await node.close();
    throw error;
  }
  if (presence.lacks === null) return node;
  // The root key was rotated between the first look and now.
  const expects = presence.lacks;
  await node.close();
  return { sealed: true, expects, because: lackingRoots([expects]), waits: false, close: async () => {} };
}
