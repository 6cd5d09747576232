// Opens the backends that the configuration names, and says loudly where a value is not what it should
// be. Where the configuration names none, nothing is loaded.
import { type Backends, backendsOf } from "../core/backends/backends.ts";
import { recordLoss } from "../core/backends/lost.ts";
import { type Backend, BackendError } from "../core/backends/port.ts";
import { reachingKeyring } from "../core/backends/reading.ts";
import { reconciler } from "../core/backends/reconcile.ts";
import { systemCaller } from "../core/caller.ts";
import type { Clock } from "../core/clock.ts";
import type { Context, Database, Keyring } from "../core/ports.ts";
import { sealedNow } from "../core/secrets/stored.ts";
import type { EngineLog } from "../storage/engine.ts";
import type { FaultModule } from "../storage/faults.ts";
import type { BackendConfig } from "./backend-config.ts";
import { packageVersion } from "./package.ts";

interface Parts<K> {
  readonly config: BackendConfig;
  readonly keyring: K;
  readonly database: Pick<Database, "execute" | "point">;
  readonly clock: Clock;
  readonly log: EngineLog;
  /** Whether other nodes may use the same database. */
  readonly shared: boolean;
  readonly faults: URL | undefined;
  /** Beside what the configuration names; for tests. */
  readonly given: readonly Backend[];
}

/** A value that stays lost is told of once in this time, however often it is asked for. */
const toldEveryMs = 60_000;
const toldMax = 10_000;

export async function openBackends<K extends Keyring>(
  parts: Parts<K>,
): Promise<{ readonly backends: Backends; readonly keyring: K }> {
  const { config, keyring, clock, shared } = parts;
  const all = [...parts.given];
  if (config.entries.size > 0) {
    const { openBackend } = await import("../backends/open.ts");
    for (const [name, settings] of config.entries) {
      const backend = await openBackend(name, settings, { installationId: keyring.installationId, clock });
      all.push(backend);
      void askAfter(backend, parts.log);
    }
  }
  const module: FaultModule | null = parts.faults === undefined ? null : await import(parts.faults.href);
  const options = { defaultName: config.defaultName, rules: config.rules, sharedClock: shared };
  const backends = backendsOf(all, module === null ? options : { ...options, fault: module.fault });
  return {
    backends,
    keyring: reachingKeyring(keyring, {
      backends,
      clock,
      stored: ({ versionId }) => parts.database.point(sealedNow, { versionId }),
      lost: losses(parts),
    }),
  };
}

/** A wrong token is better known now than by the first write. Nobody waits for it: it may be down. */
async function askAfter(backend: Backend, log: EngineLog): Promise<void> {
  try {
    await backend.health();
  } catch (error) {
    const failure = error instanceof BackendError ? error.failure : "unknown";
    log.warn({ backend: backend.name, failure }, "a backend of values does not answer as it should");
  }
}

function losses({ database, clock, log }: Pick<Parts<unknown>, "database" | "clock" | "log">) {
  const told = new Map<string, number>();
  return (...[address, backend, code]: Parameters<Parameters<typeof reachingKeyring>[1]["lost"]>) => {
    const at = clock.now();
    if ((told.get(address.versionId) ?? Number.NEGATIVE_INFINITY) > at - toldEveryMs) return;
    if (told.size >= toldMax) told.clear();
    told.set(address.versionId, at);
    const { secretId, versionId } = address;
    log.error({ backend, secretId, versionId, code }, "a value is not in its backend as it was written");
    const input = { caller: systemCaller("backends"), at, address, backend, code };
    database
      .execute(recordLoss, input)
      .catch(() => log.warn({ secretId }, "the loss is not in the audit trail"));
  };
}

/** The work that looks after values in other backends; null where there are none. */
export function reconciling(
  context: Context,
  log: Pick<EngineLog, "error">,
  steady: () => boolean,
): ((stopped: () => boolean) => Promise<void>) | null {
  if (context.backends.all.length === 0) return null;
  const { step } = reconciler(context, {
    owner: context.ids.next(),
    release: packageVersion(),
    steady,
    alert: (what, details) => log.error(details, what),
  });
  return step;
}
