// One run of the audit's retention on a place of its own, as a node that opens 410 days from now would
// do it. As a program it is the process that a test kills at a named point.
import { randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";
import { systemCaller } from "../../src/core/caller.ts";
import { recordRefusals } from "../../src/core/operation.ts";
import type { Context } from "../../src/core/ports.ts";
import { openNode } from "../../src/server/compose.ts";
import { loadConfig } from "../../src/server/config.ts";
import { auditRetention } from "../../src/server/retention.ts";
import type { EngineLog } from "../../src/storage/engine.ts";
import type { FaultModule } from "../../src/storage/faults.ts";

export const day = 24 * 60 * 60 * 1000;
export const keptMs = 400 * day;

/** Entries of an organization's trail that tell of nothing: only their number matters. */
export async function fill(context: Context, organizationId: string, count: number): Promise<void> {
  const entry = {
    at: context.clock.now(),
    organizationId,
    caller: systemCaller("test"),
    dialect: "test",
    action: "secret.read",
    target: { kind: "secret", id: null, name: null, storeId: null },
    outcome: "refused",
    because: randomUUID(),
    details: null,
    address: null,
    requestId: null,
  } as const;
  await context.database.share(recordRefusals, new Array(count).fill(entry));
}

export function retention(
  context: Context,
  folder: string | null,
  log: EngineLog,
  fault?: FaultModule["fault"],
) {
  return auditRetention({ context, keptMs, folder, log, fault: fault ?? null });
}

async function child(): Promise<void> {
  const { config } = loadConfig({ listen: "127.0.0.1:0", logLevel: "error" });
  const log: EngineLog = { info() {}, warn: console.error, error: console.error };
  const faults = process.env.COFFER_TEST_FAULTS;
  const node = await openNode(config, {
    log,
    url: "",
    emit: () => undefined,
    clock: { now: () => Date.now() + 410 * day },
    ...(faults === undefined ? {} : { faults: new URL(faults) }),
  });
  if (node.sealed) throw new Error("sealed");
  const module: FaultModule | null = faults === undefined ? null : await import(faults);
  await retention(node.context, config.auditArchive, log, module?.fault)(() => false);
  await node.close();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await child();
