// The configuration's part about backends of values: which there are, which one new stores take, and how
// what lies there is looked after.
import type { BackendSettings } from "../backends/settings.ts";
import { parseBackendSettings, writtenSettings } from "../backends/settings.ts";
import { embedded, type ReconcilerRules } from "../core/backends/backends.ts";
import { CofferError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import { ConfigError, type Values } from "./config-layers.ts";

export interface BackendConfig {
  readonly entries: ReadonlyMap<string, BackendSettings>;
  readonly defaultName: string;
  readonly rules: ReconcilerRules;
}

export function backendConfig(values: Values): BackendConfig {
  const entries = new Map(Object.entries(written(values)).map(([name, entry]) => [name, read(name, entry)]));
  if (entries.size > limits.backendsMax) {
    throw new ConfigError(`backends must have at most ${limits.backendsMax} entries.`);
  }
  const defaultName = typeof values.defaultBackend === "string" ? values.defaultBackend : embedded;
  if (defaultName !== embedded && !entries.has(defaultName)) {
    throw new ConfigError(`defaultBackend must be ${[embedded, ...entries.keys()].join(" or ")}.`);
  }
  const rules = rulesOf(values);
  if (entries.size > 0 && rules.orphanAgeMs <= rules.leaseMs) {
    // Else a write under way could be taken for an orphan.
    throw new ConfigError("reconciler.orphanAgeSeconds must be longer than reconciler.leaseSeconds.");
  }
  for (const [name, { patience }] of entries) {
    if (patience.operationMs < rules.leaseMs) continue;
    // Else what is given up could still be under way.
    throw new ConfigError(`reconciler.leaseSeconds must be longer than one operation of backends.${name}.`);
  }
  return { entries, defaultName, rules };
}

function written({ backends }: Values): Readonly<Record<string, unknown>> {
  // The layer that it came from has checked that it is an object.
  return typeof backends === "string" ? JSON.parse(backends) : {};
}

function read(name: string, entry: unknown): BackendSettings {
  try {
    return parseBackendSettings(name, entry);
  } catch (error) {
    if (error instanceof CofferError) throw new ConfigError(`${error.message}.`, { cause: error });
    throw error;
  }
}

function rulesOf(values: Values): ReconcilerRules {
  const number = (name: "reconcilerPeriod" | "reconcilerLease" | "sweepPeriod" | "orphanAge") => {
    const value = values[name];
    // Longer than the upper bound, timers of the platform would fire at once.
    if (typeof value === "number" && value >= 0.05 && value <= 2_000_000) return value * 1000;
    throw new ConfigError("The times of reconciler must be from 0.05 to 2000000 seconds.");
  };
  const share = values.sweepMaxShare;
  if (typeof share !== "number" || share > 1) {
    throw new ConfigError("reconciler.sweepMaxShare must be a number from 0 to 1.");
  }
  return {
    periodMs: number("reconcilerPeriod"),
    leaseMs: number("reconcilerLease"),
    sweepPeriodMs: number("sweepPeriod"),
    orphanAgeMs: number("orphanAge"),
    sweepMaxShare: share,
  };
}

/** As in the file: it names files with tokens, never the tokens. */
export function shownBackends({ entries, defaultName, rules }: BackendConfig) {
  return {
    backends: Object.fromEntries([...entries].map(([name, settings]) => [name, writtenSettings(settings)])),
    defaultBackend: defaultName,
    reconciler: {
      periodSeconds: rules.periodMs / 1000,
      leaseSeconds: rules.leaseMs / 1000,
      sweepPeriodSeconds: rules.sweepPeriodMs / 1000,
      orphanAgeSeconds: rules.orphanAgeMs / 1000,
      sweepMaxShare: rules.sweepMaxShare,
    },
  };
}
