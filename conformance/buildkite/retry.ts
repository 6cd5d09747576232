// What the agent does when the server cannot answer: a sealed server, and one that is opened meanwhile.
import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import { join } from "node:path";
import type { Suite } from "../support/suite.ts";
import { addCluster, addJob, closeSite, jobVariables, openSite, secretGet } from "./site.ts";

export async function retryChecks(suite: Suite, agent: string): Promise<void> {
  const site = await openSite();
  const { coffer, front } = site;
  const cluster = await addCluster(site);
  await coffer.ask("POST", cluster.secrets, { key: "KEY", value: "kept" });
  const variables = jobVariables(site.front, await addJob(site, cluster));
  const key = join(coffer.data, "root.key");
  const away = `${key}.away`;
  const restart = async (move: () => void) => {
    await coffer.stop();
    move();
    await coffer.start();
  };
  await restart(() => renameSync(key, away));

  await suite.check("a sealed server: 503 three times, and the agent gives up", async () => {
    const startedMs = performance.now();
    const ended = await secretGet(agent, variables, "KEY");
    const seconds = (performance.now() - startedMs) / 1_000;
    assert.deepEqual({ code: ended.code, stdout: ended.stdout }, { code: 1, stdout: "" });
    assert.match(ended.stderr, /: 503 Service Unavailable: Service Unavailable\n/);
    assert.deepEqual(
      front.seen().map(({ status }) => status),
      [503, 503, 503],
    );
    // Before the second and the third it waits 2^n seconds, n from 0, and -1 to 5 more.
    assert.ok(seconds >= 1, `${seconds} s`);
  });

  await suite.check("a server that is opened between two attempts: the agent gets the value", async () => {
    front.after = async () => {
      front.after = async () => {};
      await restart(() => renameSync(away, key));
    };
    const ended = await secretGet(agent, variables, "KEY");
    assert.deepEqual({ code: ended.code, stdout: ended.stdout }, { code: 0, stdout: "kept\n" }, ended.stderr);
    assert.deepEqual(
      front.seen().map(({ status }) => status),
      [503, 200],
    );
    assert.match(ended.stderr, /Retrying secret "KEY" fetch after retryable HTTP status 503/);
  });
  await closeSite(site);
}
