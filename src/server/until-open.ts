// Two things that a server gets over by itself, in the same process: it is sealed because a provider of root
// keys did not answer, or its database came back holding less than before. It asks the provider again until
// there is an answer, and starts over. Keeps: a provider that refused is not asked again.
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { limits } from "../core/limits.ts";
import { isUnavailable } from "../crypto/roots/provider.ts";
import { type EngineLog, traceOf } from "../storage/engine.ts";
import type { Config } from "./config.ts";
import { askNobody, type RootSource, rootSource } from "./keys.ts";
import type { Running } from "./serve.ts";

export interface Waited {
  /** As it runs now. */
  readonly running: Running;
  /** Never resolves; rejects where the new start failed, and nothing runs any more. */
  readonly broken: Promise<never>;
  stop(): Promise<void>;
}

export async function untilOpen(
  config: Config,
  log: EngineLog,
  start: (config: Config) => Promise<Running>,
): Promise<Waited> {
  let running = await start(config);
  const stopping = new AbortController();
  const { promise: broken, reject } = Promise.withResolvers<never>();
  // Who asked for the end sees what `stop` throws.
  broken.catch(() => undefined);
  // Clients know the address by now.
  const again = { ...config, listen: { ...config.listen, port: running.port } };

  async function wait(): Promise<void> {
    // One source for all questions: it remembers what was refused.
    const source = rootSource(config, askNobody);
    for (;;) {
      if (running.waitsFor !== null && patient) {
        if (!(await opens(running.waitsFor, { source, log, stopping }))) return;
        log.warn({}, "the provider of the root key answers: the server starts anew");
      } else {
        if (!(await isBehind(running, stopping.signal))) return;
        log.warn({}, "the database may hold less than before: the server starts over and remembers nothing");
      }
      // A database that is not used any more takes no last words either.
      await running.stop().catch((error: unknown) => log.warn(traceOf(error), "the end was not orderly"));
      running = await start(again);
    }
  }

  // Nobody is there any more to ask for a passphrase.
  const patient = !(config.rootPassphrase !== null && "ask" in config.rootPassphrase);
  const waiting = wait().catch(reject);
  return {
    get running() {
      return running;
    },
    broken,
    async stop() {
      stopping.abort();
      await waiting;
      await running.stop();
    },
  };
}

/** False when nobody wants to know any more. */
async function isBehind({ behind }: Running, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  await Promise.race([behind, once(signal, "abort")]);
  return !signal.aborted;
}

interface Waiting {
  readonly source: RootSource;
  readonly log: EngineLog;
  readonly stopping: AbortController;
}

/** False when it is of no use to ask on, or nobody wants to know any more. */
async function opens(rootKeyId: string, { source, log, stopping }: Waiting): Promise<boolean> {
  const { signal } = stopping;
  for (;;) {
    await setTimeout(limits.rootProviderAgainMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return false;
    const failure = await source.find().then(
      () => source.whyNot(rootKeyId),
      (error: unknown) => error,
    );
    if (failure === null) return true;
    if (isUnavailable(failure)) continue;
    const reason = failure instanceof Error ? failure.message : "unknown";
    log.error({ reason }, "the provider of the root key is not asked any more");
    return false;
  }
}
