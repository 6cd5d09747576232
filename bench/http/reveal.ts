// Reveal one value, against bare `node:http` sending the same bytes. The caller is a person's token;
// each answer carries a value that was opened, after its audit entry was committed.
import type { Row, Run, Setting } from "../row.ts";
import { startBare } from "./bare.ts";
import { type Job, load } from "./load.ts";
import { namesOf, select, storePath } from "./secrets.ts";

/** The official set: enough that no trick with one hot row helps, few enough to be a real hot set. */
export const hotSetSize = 1_000;

const who = "reveal one value, 32 connections, against bare node:http sending the same bytes";

export const reveal: Row = {
  name: "reveal",
  what: `${who}; ${hotSetSize.toLocaleString("en-US")} of the secrets in turn`,
  unit: "x",
  better: "more",
  must: 0.3,
  aim: 0.5,
  measure: (setting) => measure(setting, hotSetSize),
};

/** How much of the row above is due to memory. */
export const revealOne: Row = {
  ...reveal,
  name: "reveal-one",
  what: `${who}; one secret again and again`,
  must: null,
  aim: null,
  measure: (setting) => measure(setting, 1),
};

/** And how much is left when what is asked for was not asked for lately. */
export const revealAll: Row = {
  ...reveal,
  name: "reveal-all",
  what: `${who}; all of the secrets in turn`,
  must: null,
  aim: null,
  measure: (setting) => measure(setting, setting.plan.secrets),
};

/** One answer of Coffer's, and the load of reveals on whatever serves it. */
export async function revealsOf({ plan, coffer }: Setting, count: number) {
  const secrets = select(plan.secrets, count);
  // Answers differ by the digits of a revision; one from the middle is as long as most.
  const name = namesOf(secrets)[Math.floor(secrets.count / 2)] ?? "";
  const answer = await coffer.request("GET", `${storePath}/secrets/${name}/value`);
  const jobOn = ({ url, pid }: { readonly url: string; readonly pid: number }): Job => ({
    url,
    pid,
    token: coffer.token,
    connections: plan.connections,
    requests: { kind: "reveal", secrets },
    until: plan,
  });
  return { answer, jobOn };
}

async function measure(setting: Setting, count: number): Promise<Run> {
  const { answer, jobOn } = await revealsOf(setting, count);
  const bare = await startBare(answer);
  try {
    const yardstick = await load(jobOn(bare));
    const subject = await load(jobOn(setting.coffer));
    for (const { bytesPerAnswer } of [yardstick, subject]) {
      if (Math.abs(bytesPerAnswer - answer.bytes) > answer.bytes / 100) {
        throw new Error(`an answer has ${answer.bytes} bytes, and on average ${bytesPerAnswer} came`);
      }
    }
    return {
      measured: subject.perSecond / yardstick.perSecond,
      parts: {
        "reveals/s": subject.perSecond,
        "node:http/s": yardstick.perSecond,
        "p50 ms": subject.p50Ms,
        "p99 ms": subject.p99Ms,
        "server cores": subject.serverCores,
        "generator cores": subject.generatorCores,
        "node:http cores": yardstick.serverCores,
        "node:http generator cores": yardstick.generatorCores,
      },
    };
  } finally {
    await bare.stop();
  }
}
