// The two engines as the server opens them, each behind the same face: what is in it can be looked at
// before it is opened.
import { hostname } from "node:os";
import { join } from "node:path";
import type { StoredKeys } from "../core/installation.ts";
import type { Database } from "../core/ports.ts";
import * as bodies from "../storage/bodies.ts";
import type { EngineLog } from "../storage/engine.ts";
import type { FaultModule } from "../storage/faults.ts";
import type { ServerClock } from "../storage/postgres/clock.ts";
import { lockFolder, refuseHalfRestored } from "../storage/sqlite/folder.ts";
import { openSqlite } from "../storage/sqlite/open.ts";
import { peekSqlite } from "../storage/sqlite/peek.ts";
import { entryUrl } from "../storage/threads.ts";
import type { NodeParts } from "./compose.ts";
import type { Config } from "./config.ts";

/** An engine before it is opened: what it holds can be read without writing anything. */
export interface Storage {
  peek(): Promise<StoredKeys | null>;
  open(): Promise<Database>;
  /** Whether other nodes may use the same database. */
  readonly shared: boolean;
  /** What the operator should look at, in words. */
  warnings(): readonly string[];
  /** Lets go of all that was taken, of an open database too: else it would keep a process that serves nobody. */
  release(): Promise<void>;
}

export function sqlite(config: Config, parts: NodeParts & { readonly log: EngineLog }): Storage {
  const lock = lockFolder(config.data);
  refuseHalfRestored(lock);
  const file = join(config.data, "coffer.db");
  let opened: Database | null = null;
  return {
    shared: false,
    warnings: () => [],
    peek: () => peekSqlite(file, parts.log),
    async open() {
      opened = await openSqlite({
        file,
        lock,
        log: parts.log,
        bodies: parts.bodies ?? entryUrl(new URL("../storage/bodies.ts", import.meta.url), import.meta.url),
        ...(parts.faults === undefined ? {} : { faults: parts.faults }),
        ...(parts.pagesMax === undefined ? {} : { pagesMax: parts.pagesMax }),
        ...(parts.metrics === undefined ? {} : { onGroup: parts.metrics.commits.onGroup }),
      });
      return opened;
    },
    async release() {
      await opened?.close();
      lock.release();
    },
  };
}

/** Its client is loaded where it is wanted: most servers keep their own file. */
export function postgres(
  url: string,
  clock: ServerClock,
  { log, faults, metrics, onBehind = () => {} }: NodeParts & { readonly log: EngineLog },
): Storage {
  let opened: Database | null = null;
  let warning: string | null = null;
  const onWarning = (told: string | null) => {
    warning = told;
  };
  return {
    shared: true,
    warnings: () => (warning === null ? [] : [warning]),
    async peek() {
      const { peekPostgres } = await import("../storage/postgres/open.ts");
      return peekPostgres(url, clock, log);
    },
    async open() {
      const { openPostgres } = await import("../storage/postgres/open.ts");
      const module: FaultModule | null = faults === undefined ? null : await import(faults.href);
      const fault = module === null ? {} : { fault: module.fault };
      const counted = metrics === undefined ? {} : { onGroup: metrics.commits.onGroup };
      opened = await openPostgres({
        ...{ url, bodies, log, clock, onBehind, onWarning },
        ...{ node: nodeName(), ...fault, ...counted },
      });
      return opened;
    },
    release: async () => opened?.close(),
  };
}

export function nodeName(): string {
  return `${hostname()}:${process.pid}`;
}
