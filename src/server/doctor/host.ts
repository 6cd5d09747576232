// The doctor on the host itself: gathers what the checks look at, from the configuration, the files and the
// database, without opening what the root key wraps and without writing anything. A server may be running.
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync, statfsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ExamineInput } from "../../core/vitals.ts";
import { type EngineLog, silentLog } from "../../storage/engine.ts";
import type { Examined } from "../../storage/examined.ts";
import { bootstrapPath } from "../bootstrap.ts";
import { type Config, isLoopback } from "../config.ts";
import { placeShown } from "../config-shown.ts";
import { rootKeyPath } from "../keys.ts";
import { backendFindings } from "./backends.ts";
import { type FileFacts, fileFindings } from "./files.ts";
import { type Finding, sorted } from "./finding.ts";
import { keyFindings } from "./keys.ts";
import { type NetworkFacts, networkFindings } from "./network.ts";
import { databaseFindings, nodeFindings } from "./program.ts";
import { rootKeyFindings, rootKeysOf } from "./root-keys.ts";
import { trailFindings } from "./trail.ts";

/** Trimming gathers for a week, so that its files do not become small. */
const gatheredMs = 7 * 24 * 60 * 60 * 1000;

export async function examineHost(config: Config, now: number): Promise<readonly Finding[]> {
  const asked = { before: now - config.auditKeptMs - gatheredMs, names: [...config.backends.entries.keys()] };
  const examined = await databaseOf(config, asked, silentLog);
  const { installation, server } = examined ?? { installation: null, server: null };
  return sorted([
    ...nodeFindings(process.versions.node),
    ...databaseFindings({
      place: placeShown(config),
      state: examined?.state ?? "unreadable",
      server: server === null ? null : { fsync: server.fsync, standby: server.standbys },
    }),
    ...fileFindings(filesOf(config)),
    ...(installation === null ? [] : rootKeyFindings(await rootKeysOf(config, installation.rootsNeeded))),
    ...networkFindings(networkOf(config, now)),
    ...(installation === null ? [] : keyFindings(installation.vitals)),
    ...(installation === null ? [] : backendFindings(installation.backends, installation.now)),
    ...(installation === null
      ? []
      : trailFindings({
          now,
          newestHeadAt: installation.newestHeadAt,
          unsignedEntries: installation.unsignedEntries,
          overdue: installation.overdue,
          keptMs: config.auditKeptMs,
          archive: config.auditArchive,
          headFile: config.auditHeadFile,
          aheadMs: config.database === null ? null : now - installation.now,
        })),
  ]);
}

/** Null where it cannot be read; why is not said, because the engine's words may quote an address. */
async function databaseOf(config: Config, asked: ExamineInput, log: EngineLog): Promise<Examined | null> {
  try {
    if (config.database === null) {
      const { examineSqlite } = await import("../../storage/sqlite/examine.ts");
      return await examineSqlite(join(config.data, "coffer.db"), asked, log);
    }
    const { examinePostgres } = await import("../../storage/postgres/examine.ts");
    return await examinePostgres(config.database, asked, log);
  } catch {
    return null;
  }
}

function filesOf(config: Config): FileFacts {
  const data = resolve(config.data);
  const bootstrap = resolve(bootstrapPath(config));
  const rootKey = resolve(rootKeyPath(config));
  const secret = [
    rootKey,
    bootstrap,
    ...["coffer.db", "coffer.db-wal", join("tls", "server.pem")].map((name) => join(data, name)),
    ...(config.tls?.mode === "files" ? [resolve(config.tls.key)] : []),
    ...(config.rootPassphrase !== null && "file" in config.rootPassphrase
      ? [resolve(config.rootPassphrase.file)]
      : []),
  ];
  const beside = rootKey.startsWith(`${data}/`) && config.rootKeyText === null && existsSync(rootKey);
  return {
    data,
    rootKey: beside ? rootKey : null,
    bootstrap: existsSync(bootstrap) ? bootstrap : null,
    open: [...(existsSync(data) ? [data] : []), ...secret].flatMap(openTo),
    space: config.database === null && existsSync(data) ? spaceOf(data, config.storageReserve) : null,
  };
}

/** The folder alone may be closed while the files in it are not: a copy of it keeps their modes. */
function openTo(path: string): FileFacts["open"] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || (found.mode & 0o077) === 0) return [];
  return [{ path, mode: found.mode & 0o7777 }];
}

function spaceOf(data: string, reserveBytes: number): FileFacts["space"] {
  const { bavail, bsize } = statfsSync(data);
  return { freeBytes: bavail * bsize, reserveBytes };
}

function networkOf(config: Config, now: number): NetworkFacts {
  const { listen, tls, trustedProxies } = config;
  return {
    now,
    listen: `${listen.host}:${listen.port}`,
    openHttp: tls === null && !isLoopback(listen.host),
    trustedProxies,
    certificate: certificateOf(config),
  };
}

function certificateOf({ tls, data }: Config): NetworkFacts["certificate"] {
  if (tls === null) return null;
  const path = tls.mode === "files" ? resolve(tls.cert) : join(resolve(data), "tls", "server.pem");
  try {
    const { validTo } = new X509Certificate(readFileSync(path));
    return { path, endsAt: Date.parse(validTo), renews: tls.mode === "auto" };
  } catch {
    return null;
  }
}
