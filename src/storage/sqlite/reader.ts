// A reader's thread: one body at a time, on a connection of its own, for whatever may scan.
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { type Bodies, type EngineLog, shownRecord } from "../engine.ts";
import type { FromReader, ReaderData, ToReader } from "./messages.ts";
import { Snapshots } from "./snapshots.ts";

const cacheKiB = 4_096;

async function start(port: MessagePort, { file, bodies }: ReaderData): Promise<void> {
  const tell = (level: "info" | "warn" | "error") => (fields: object, message: string) =>
    port.postMessage({ kind: "log", level, fields, message } satisfies FromReader);
  const log: EngineLog = { info: tell("info"), warn: tell("warn"), error: tell("error") };
  const module: Bodies = await import(bodies);
  const snapshots = new Snapshots(file, { cacheKiB, pauses: true }, module, log);
  port.on("message", async ([name, input]: ToReader) => {
    try {
      port.postMessage(["answer", await snapshots.read(name, input)] satisfies FromReader);
    } catch (error) {
      port.postMessage(["error", shownRecord(error)] satisfies FromReader);
    }
  });
}

if (parentPort !== null) await start(parentPort, workerData);
