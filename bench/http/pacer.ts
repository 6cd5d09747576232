// The process behind `pace.ts`.
import { Agent, get } from "node:http";
import type { Paced, PacedJob } from "./pace.ts";
import { namesOf, storePath } from "./secrets.ts";

process.once("message", (job: PacedJob) => {
  paced(job).then(
    (times) => process.send?.({ times } satisfies Paced),
    (error: Error) => process.send?.({ failure: error.message } satisfies Paced),
  );
});

async function paced(job: PacedJob): Promise<readonly number[]> {
  const { perSecond, warmSeconds, seconds } = job;
  // What comes while all connections are taken waits here, and its time runs.
  const agent = new Agent({ keepAlive: true, maxSockets: job.connections });
  const headers = { authorization: `Bearer ${job.token}` };
  const urls = namesOf(job.secrets).map((name) => `${job.url}${storePath}/secrets/${name}/value`);

  const reveal = (turn: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const sentMs = performance.now();
      const request = get(urls[turn % urls.length] ?? "", { agent, headers }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`an answer of ${response.statusCode}`));
        response.resume().once("end", () => resolve(performance.now() - sentMs));
      });
      request.once("error", reject);
    });

  const startedMs = performance.now();
  const total = (warmSeconds + seconds) * perSecond;
  const answers: Promise<number>[] = [];
  while (answers.length < total) {
    const due = Math.min(total, ((performance.now() - startedMs) * perSecond) / 1_000);
    while (answers.length < due) {
      const answer = reveal(answers.length);
      answer.catch(() => undefined);
      answers.push(answer);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const times = await Promise.all(answers);
  agent.destroy();
  return times.slice(warmSeconds * perSecond);
}
