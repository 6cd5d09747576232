// The machine a figure was measured on, and whether its disk can serve for measuring at all.
// Keeps: a file system in memory is refused, since a sync that costs nothing makes every write fast.
import { closeSync, fdatasyncSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { UsageError } from "./options.ts";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGB: number;
  readonly kernel: string;
  readonly node: string;
  readonly fileSystem: string;
  readonly syncsPerSecond: number;
}

/** `f_type` of statfs(2), unsigned: some do not fit into a signed number of 32 bits. */
const inMemory: ReadonlyMap<number, string> = new Map([
  [0x01021994, "tmpfs"],
  [0x858458f6, "ramfs"],
]);
const onDisk: ReadonlyMap<number, string> = new Map([
  [0xef53, "ext4"],
  [0x58465342, "xfs"],
  [0x9123683e, "btrfs"],
  [0x2fc12fc1, "zfs"],
  [0x794c7630, "overlay"],
]);

const probeSeconds = 1;
const pageBytes = 4_096;
/** A small file written round and round, as a write-ahead log is. */
const probePages = 256;

export function refuseMemory(folder: string): void {
  const kind = memoryKind(statfsSync(folder).type);
  if (kind === null) return;
  throw new UsageError(`${folder} lies on ${kind}, where nothing reaches a disk. Name another with --data.`);
}

/** The name of a file system that keeps its files in memory; null for any other. */
export function memoryKind(type: number): string | null {
  return inMemory.get(type >>> 0) ?? null;
}

export function describeMachine(folder: string): Machine {
  const type = statfsSync(folder).type >>> 0;
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGB: Math.round(totalmem() / 1e8) / 10,
    kernel: release(),
    node: process.version,
    fileSystem: onDisk.get(type) ?? `0x${type.toString(16)}`,
    syncsPerSecond: Math.round(syncsPerSecond(folder)),
  };
}

function syncsPerSecond(folder: string): number {
  const path = join(folder, "sync-probe");
  const file = openSync(path, "w", 0o600);
  const page = Buffer.alloc(pageBytes, 1);
  try {
    // First the whole file: later writes change blocks that are there, and no metadata.
    for (let at = 0; at < probePages; at += 1) writeSync(file, page, 0, pageBytes, at * pageBytes);
    fdatasyncSync(file);
    const start = performance.now();
    let syncs = 0;
    while (performance.now() - start < probeSeconds * 1_000) {
      writeSync(file, page, 0, pageBytes, (syncs % probePages) * pageBytes);
      fdatasyncSync(file);
      syncs += 1;
    }
    return (syncs * 1_000) / (performance.now() - start);
  } finally {
    closeSync(file);
    rmSync(path);
  }
}
