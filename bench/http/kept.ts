// What takes as long as there is much, and is done seldom: with a million secrets a start, a backup, the
// proof that it can be restored, the proof of the trail. Nothing to hold it against, so nothing judges it.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Coffer } from "../coffer.ts";
import type { Row, Setting } from "../row.ts";
import { fewAndMany } from "./many.ts";
import { startedAnew } from "./start.ts";

const shown = { unit: "s", better: "less", must: null, aim: null } as const;

async function many(setting: Setting): Promise<Coffer> {
  const [, { coffer }] = await fewAndMany(setting);
  return coffer;
}

export const startMany: Row = {
  ...shown,
  name: "start-many",
  what: "start to ready with 10^6 secrets",
  measure: async (setting) => startedAnew(await many(setting)),
};

export const backupMany: Row = {
  ...shown,
  name: "backup",
  runsMax: 1,
  what: "a backup of 10^6 secrets beside the running server; then restored into a scratch folder, and every value opened",
  async measure(setting) {
    const coffer = await many(setting);
    const file = join(setting.folder, "backup");
    try {
      const writtenMs = await coffer.command("backup", file);
      const verifiedMs = await coffer.command("backup", "--verify", file);
      return {
        measured: writtenMs / 1_000,
        parts: { "written s": writtenMs / 1_000, "proven s": verifiedMs / 1_000 },
      };
    } finally {
      rmSync(file, { force: true });
    }
  },
};

/** The last second of the trail is signed by then, without which the proof is not whole. */
const signedMs = 2_500;

export const verifyMany: Row = {
  ...shown,
  name: "audit-verify",
  runsMax: 1,
  what: "the proof of the trail that 10^6 creations left, beside the running server",
  async measure(setting) {
    const coffer = await many(setting);
    await sleep(signedMs);
    const ms = await coffer.command("audit", "verify");
    return { measured: ms / 1_000, parts: { "proven s": ms / 1_000 } };
  },
};
