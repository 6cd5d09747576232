// The process that makes the load: takes one job, answers with what it saw, and lives until it is
// ended. It knows HTTP and nothing of the server behind it.
import autocannon from "autocannon";
import { processorSeconds } from "../children.ts";
import type { Generated, Job } from "./load.ts";
import { requestsOf } from "./requests.ts";

process.once("message", async (job: Job) => {
  const next = requestsOf(job);
  if ("amount" in job.until) {
    process.send?.(await fire(job, next, { amount: job.until.amount }));
    return;
  }
  const { warmSeconds, seconds } = job.until;
  if (warmSeconds > 0) await fire(job, next, { duration: warmSeconds });
  process.send?.(await fire(job, next, { duration: seconds }));
});

async function fire(
  job: Job,
  requestsOfClient: (client: number) => autocannon.Request[],
  bound: { readonly amount: number } | { readonly duration: number },
): Promise<Generated> {
  let clients = 0;
  const { promise, resolve, reject } = Promise.withResolvers<autocannon.Result>();
  const options: autocannon.Options = {
    url: job.url,
    connections: job.connections,
    pipelining: 1,
    timeout: 30,
    ...bound,
    setupClient(client) {
      client.setRequests(requestsOfClient(clients));
      clients += 1;
    },
  };
  const cannon = autocannon(options, (error, result) => {
    if (error) reject(error);
    else resolve(result);
  });
  // Emitted once all connections are set up: building the requests is not part of the measurement.
  let startedMs = performance.now();
  let own = process.cpuUsage();
  let server = processorSeconds(job.pid);
  let lastAnswerMs = startedMs;
  cannon.on("start", () => {
    startedMs = performance.now();
    own = process.cpuUsage();
    server = processorSeconds(job.pid);
  });
  cannon.on("response", () => {
    lastAnswerMs = performance.now();
  });
  const result = await promise;
  // A bounded number is done with its last answer; autocannon itself looks only once a second.
  const seconds = (lastAnswerMs - startedMs) / 1_000;
  const { user, system } = process.cpuUsage(own);
  return {
    answers: result["2xx"],
    failures: result.non2xx + result.errors + result.timeouts,
    perSecond: result["2xx"] / seconds,
    bytesPerAnswer: result.throughput.total / result.requests.total,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    generatorCores: (user + system) / 1e6 / seconds,
    serverCores: (processorSeconds(job.pid) - server) / seconds,
  };
}
