// What a reveal costs at the least on this machine: one row on disk before each answer, a hash and an
// opening, and no framework, no look-up, no decision. It tells how much of `reveal` is Coffer's own.
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ask, end, startScript } from "../children.ts";
import type { Row } from "../row.ts";
import { cannedOf, startBare } from "./bare.ts";
import type { FloorJob } from "./floor-server.ts";
import { load } from "./load.ts";
import { hotSetSize } from "./reveal.ts";
import { namesOf, select, storePath } from "./secrets.ts";

export const floor: Row = {
  name: "floor",
  what: "a row on disk, a hash and an opening for each request, and nothing else, against bare node:http sending the same bytes",
  unit: "x",
  better: "more",
  must: null,
  aim: null,
  async measure({ plan, coffer, folder }) {
    const secrets = select(plan.secrets, hotSetSize);
    const [name = ""] = namesOf(secrets);
    const answer = await coffer.request("GET", `${storePath}/secrets/${name}/value`);
    const own = mkdtempSync(join(folder, "floor-"));
    const child = startScript(new URL("./floor-server.ts", import.meta.url));
    const bare = await startBare(answer);
    try {
      const job: FloorJob = { ...cannedOf(answer), folder: own };
      const url = `http://127.0.0.1:${Number(await ask(child, job))}`;
      const { token } = coffer;
      const { connections } = plan;
      const requests = { kind: "reveal", secrets } as const;
      const common = { token, connections, requests, until: plan };
      const yardstick = await load({ ...common, url: bare.url, pid: bare.pid });
      const subject = await load({ ...common, url, pid: child.pid ?? 0 });
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
      await end(child, "SIGKILL");
      rmSync(own, { recursive: true, force: true });
    }
  },
};
