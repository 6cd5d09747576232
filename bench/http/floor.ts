// What a reveal costs at the least on this machine: one row on disk before each answer, a hash and an
// opening, and no framework, no look-up, no decision. One row holds it against bare `node:http`, which
// tells what this machine allows; the other holds Coffer against it, which tells how much of a reveal is
// Coffer's own.
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ask, end, startScript } from "../children.ts";
import type { Row, Setting } from "../row.ts";
import type { Answer } from "./answer.ts";
import { type Bare, cannedOf, startBare } from "./bare.ts";
import type { FloorJob } from "./floor-server.ts";
import { load } from "./load.ts";
import { hotSetSize, revealsOf } from "./reveal.ts";

const least = "a row on disk, a hash and an opening for each request, and nothing else";

export const floor: Row = {
  name: "floor",
  what: `${least}, against bare node:http sending the same bytes`,
  unit: "x",
  better: "more",
  must: null,
  aim: null,
  async measure(setting) {
    const { answer, jobOn } = await revealsOf(setting, hotSetSize);
    const bare = await startBare(answer);
    try {
      const yardstick = await load(jobOn(bare));
      const subject = await withFloor(setting, answer, (server) => load(jobOn(server)));
      return {
        measured: subject.perSecond / yardstick.perSecond,
        parts: {
          "answers/s": subject.perSecond,
          "node:http/s": yardstick.perSecond,
          "server cores": subject.serverCores,
        },
      };
    } finally {
      await bare.stop();
    }
  },
};

export const revealFloor: Row = {
  name: "reveal-floor",
  what: `reveal one value, 32 connections, against the least it can cost: ${least}`,
  unit: "x",
  better: "more",
  must: 0.6,
  aim: 0.9,
  async measure(setting) {
    const { answer, jobOn } = await revealsOf(setting, hotSetSize);
    const yardstick = await withFloor(setting, answer, (server) => load(jobOn(server)));
    const subject = await load(jobOn(setting.coffer));
    return {
      measured: subject.perSecond / yardstick.perSecond,
      parts: { "reveals/s": subject.perSecond, "floor/s": yardstick.perSecond },
    };
  },
};

async function withFloor<T>(
  { folder }: Setting,
  answer: Answer,
  work: (server: Pick<Bare, "url" | "pid">) => Promise<T>,
): Promise<T> {
  const own = mkdtempSync(join(folder, "floor-"));
  const child = startScript(new URL("./floor-server.ts", import.meta.url));
  try {
    const job: FloorJob = { ...cannedOf(answer), folder: own };
    const url = `http://127.0.0.1:${Number(await ask(child, job))}`;
    return await work({ url, pid: child.pid ?? 0 });
  } finally {
    await end(child, "SIGKILL");
    rmSync(own, { recursive: true, force: true });
  }
}
