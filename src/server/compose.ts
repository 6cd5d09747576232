// Puts one node together: root key, database, keyring, operations. Readable in one sitting; the
// only decisions are the order of things and what happens when a key is missing.
import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { boundingRefusals } from "../core/audit/bounded.ts";
import type { SignedHead } from "../core/audit/entry.ts";
import { headSigner } from "../core/audit/operations.ts";
import { refusals } from "../core/audit/refusals.ts";
import { systemCaller } from "../core/caller.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { CofferError } from "../core/errors.ts";
import { type Ids, uuidv7 } from "../core/ids.ts";
import { readKeys, readOrganizationKeys, reserveSeals, type StoredKeys } from "../core/installation.ts";
import { type Operations, operations } from "../core/operations.ts";
import type { Context, Database } from "../core/ports.ts";
import { sweepTrash } from "../core/secrets/trash.ts";
import { unlock } from "../crypto/keyring.ts";
import type { RootKeys } from "../crypto/roots/file.ts";
import * as bodies from "../storage/bodies.ts";
import type { EngineLog } from "../storage/engine.ts";
import type { FaultModule } from "../storage/faults.ts";
import { openPostgres, peekPostgres } from "../storage/postgres/open.ts";
import { lockFolder } from "../storage/sqlite/folder.ts";
import { openSqlite } from "../storage/sqlite/open.ts";
import { peekSqlite } from "../storage/sqlite/peek.ts";
import { entryUrl } from "../storage/threads.ts";
import type { Bootstrap } from "./bootstrap.ts";
import type { Config } from "./config.ts";
import { createFirst } from "./firststart.ts";
import { findRootKeys, makeRootKeys } from "./keys.ts";

/** What a test may replace: time, and the engine's fault points. */
export interface NodeParts {
  readonly clock?: Clock;
  readonly bodies?: URL;
  readonly faults?: URL;
  readonly pagesMax?: number;
  /** Where the few lines for a person go; the process's stdout where it is absent. */
  readonly announce?: (text: string) => void;
}

export interface OpenNode {
  readonly sealed: false;
  readonly context: Context;
  readonly operations: Operations;
  /** Set on the first start alone. */
  readonly bootstrap: Bootstrap | null;
  /** Signs new audit heads; called about every second. */
  signHeads(): Promise<void>;
  /** Writes down the refusals that were counted in the minutes that are over. */
  writeRefusals(): Promise<void>;
  /** Resolves if the database answers. */
  probe(): Promise<void>;
  /** Purges what has lain its time in the trash. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

export interface SealedNode {
  readonly sealed: true;
  readonly expects: string | null;
  readonly because: string;
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
  const clock = parts.clock ?? systemClock;
  const ids = uuidv7(clock);
  mkdirSync(config.data, { recursive: true, mode: 0o700 });
  const storage = config.database === null ? sqlite(config, parts) : postgres(config.database, parts);
  try {
    const stored = await storage.peek();
    if (stored?.installation != null) return await reopen(config, { ...parts, storage, stored, clock, ids });
    const roots = (await findRootKeys(config)) ?? (await makeRootKeys(config));
    const database = await storage.open();
    const bootstrap = await createFirst({ config, database, roots, clock, ids, url: parts.url });
    const fresh = await database.point(readKeys, null);
    return running({ ...parts, storage, stored: fresh, clock, ids }, roots, database, bootstrap);
  } catch (error) {
    await storage.release();
    throw error;
  }
}

/** An engine before it is opened: what it holds can be read without writing anything. */
interface Storage {
  peek(): Promise<StoredKeys | null>;
  open(): Promise<Database>;
  /** Lets go of what was taken before `open`. */
  release(): Promise<void>;
}

function sqlite(config: Config, parts: NodeParts & { readonly log: EngineLog }): Storage {
  const lock = lockFolder(config.data);
  const file = join(config.data, "coffer.db");
  return {
    peek: () => peekSqlite(file, parts.log),
    open: () =>
      openSqlite({
        file,
        lock,
        log: parts.log,
        bodies: parts.bodies ?? entryUrl(new URL("../storage/bodies.ts", import.meta.url), import.meta.url),
        ...(parts.faults === undefined ? {} : { faults: parts.faults }),
        ...(parts.pagesMax === undefined ? {} : { pagesMax: parts.pagesMax }),
      }),
    release: async () => lock.release(),
  };
}

function postgres(url: string, { log, faults }: NodeParts & { readonly log: EngineLog }): Storage {
  return {
    peek: () => peekPostgres(url, log),
    async open() {
      const module: FaultModule | null = faults === undefined ? null : await import(faults.href);
      const fault = module === null ? {} : { fault: module.fault };
      return openPostgres({ url, bodies, log, node: `${hostname()}:${process.pid}`, ...fault });
    },
    release: async () => {},
  };
}

interface Unlocking extends NodeParts {
  readonly log: EngineLog;
  readonly emit: (head: SignedHead) => void;
  readonly storage: Storage;
  readonly stored: StoredKeys;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** An installation that is there: without its root key the node stays sealed and writes nothing. */
async function reopen(config: Config, parts: Unlocking): Promise<OpenNode | SealedNode> {
  let roots: RootKeys | null = null;
  let reason: string | null = null;
  try {
    roots = await findRootKeys(config);
  } catch (error) {
    if (!(error instanceof CofferError)) throw error;
    reason = error.message;
  }
  const trial = unlock({
    installationId: parts.stored.installation?.id ?? "",
    roots,
    ids: parts.ids,
    keys: parts.stored.keys,
    internalKeys: parts.stored.internalKeys,
    loadOrganizationKeys: async () => [],
    reserve: async () => null,
  });
  if (trial.sealed || roots === null) {
    const { expects = null, because = "" } = trial.sealed ? trial : {};
    const told = reason === null ? because : `${reason} ${because}`;
    return { sealed: true, expects, because: told, close: parts.storage.release };
  }
  trial.keyring.close();
  return running(parts, roots, await parts.storage.open(), null);
}

function running(
  parts: Unlocking,
  roots: RootKeys,
  database: Database,
  bootstrap: Bootstrap | null,
): OpenNode {
  const { stored, clock, ids } = parts;
  const unlocked = unlock({
    installationId: stored.installation?.id ?? "",
    roots,
    ids,
    keys: stored.keys,
    internalKeys: stored.internalKeys,
    loadOrganizationKeys: (organizationId) => database.point(readOrganizationKeys, { organizationId }),
    reserve: (keyId, count) => database.execute(reserveSeals, { keyId, count }),
  });
  if (unlocked.sealed) throw new CofferError("server.sealed", unlocked.because);
  const { keyring } = unlocked;
  const counted = refusals(clock);
  const context: Context = {
    database: boundingRefusals(database, counted),
    keyring,
    clock,
    ids,
    refusals: counted,
  };
  const offered = operations(context);
  const signer = headSigner(context, parts.emit);
  return {
    sealed: false,
    context,
    operations: offered,
    bootstrap,
    signHeads: () => signer.sign(),
    writeRefusals: () => counted.write(database, "over"),
    async probe() {
      await database.point(readKeys, null);
    },
    async sweep() {
      const due = () => database.execute(sweepTrash, { caller: systemCaller("retention"), at: clock.now() });
      while ((await due()) > 0) {
        // Each round is a commit of its own, so a long sweep holds up nobody.
      }
    },
    async close() {
      offered.feed.release();
      // A database that takes nothing any more must not keep the node from ending.
      await counted.write(database, "all").catch((error: unknown) => {
        parts.log.warn(
          { errorName: error instanceof Error ? error.name : "unknown" },
          "counted refusals are lost",
        );
      });
      await database.close((head) => {
        const signed = keyring.signHead(head, clock.now());
        parts.emit(signed);
        return signed;
      });
      keyring.close();
    },
  };
}
