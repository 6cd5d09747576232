// The server as the crash test runs it: the real one, started with fault points, which `bin/coffer`
// cannot. It runs in the very process that is killed. Says where it listens, then its heads often,
// so that rounds of less than a second leave anchors too.
import { loadConfig } from "../../src/server/config.ts";
import { every } from "../../src/server/jobs.ts";
import { serverLog } from "../../src/server/log.ts";
import { start } from "../../src/server/serve.ts";
import { untilOpen } from "../../src/server/until-open.ts";

const headEveryMs = Number(process.env.COFFER_TEST_HEAD_EVERY_MS ?? 60);

const { config } = loadConfig({ listen: "127.0.0.1:0" });
const faults = process.env.COFFER_TEST_FAULTS;
const log = serverLog(config.logLevel);
const server = await untilOpen(config, log, (again) =>
  start(again, log, {
    ...(faults === undefined ? {} : { faults: new URL(faults) }),
    announce: () => undefined,
  }),
);
const { url, node } = server.running;
every(headEveryMs, async () => server.running.node?.signHeads(), log);
process.once("SIGTERM", () => void server.stop().then(() => process.exit(0)));
process.stdout.write(`${JSON.stringify({ url, pid: process.pid, sealed: node === null })}\n`);
