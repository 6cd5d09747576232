// A round of the failover run, and what comes after a failover that lost something: see failover.ts.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { startReplicated } from "../support/replicated.ts";
import { have } from "../support/requirements.ts";
import { verified } from "./checker.ts";
import { type Server, startServer } from "./child.ts";
import { failover } from "./failover.ts";
import { type Answer, wireTo } from "./wire.ts";

const ended: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

const org = "/v1/organizations/default";
const secrets = `${org}/stores/default/secrets`;

describe.runIf(have("postgresql"))("when PostgreSQL's primary is lost", () => {
  test("with a synchronous standby nothing acknowledged is, and both nodes are back in time", async () => {
    const backs: (readonly number[])[] = [];
    const tell = ({ backMs }: { readonly backMs: readonly number[] }) => void backs.push(backMs);
    expect(await failover({ rounds: 2, writers: 12, seed: "lean", tell })).toEqual([]);
    expect(backs).toHaveLength(2);
  }, 180_000);

  test("and a standby that was behind takes its place, the installation starts anew by itself", async () => {
    const servers = await startReplicated({ synchronous: false });
    ended.push(() => servers.stop());
    const database = await servers.database();
    const out = mkdtempSync(join(tmpdir(), "coffer-behind-"));
    ended.push(() => rmSync(out, { recursive: true, force: true }));
    const place = { out, data: join(out, "data"), database };
    const nodes: Server[] = [startServer(place)];
    ended.push(() => Promise.all(nodes.map((node) => node.stop())));
    await nodes[0]?.ready;
    nodes.push(startServer(place));
    const { token } = JSON.parse(readFileSync(join(place.data, "bootstrap.json"), "utf8"));
    const wires = await Promise.all(nodes.map(async ({ ready }) => wireTo(await ready, token, 2)));
    ended.push(() => wires.map((wire) => wire.close()));
    const [one, two] = wires;
    if (one === undefined || two === undefined) throw new Error("there are two nodes");

    const early = await one.send("POST", secrets, { name: "EARLY", value: "kept" });
    expect(early?.status).toBe(201);
    await servers.caughtUp();
    servers.stopStandby();
    const late = await one.send("POST", secrets, { name: "LATE", value: "lost" });
    expect(late?.status).toBe(201);
    const seen = Number(late?.body.revision);
    // The other node remembers what is about to be lost.
    expect((await two.send("GET", `${secrets}/LATE/value`))?.body.value).toBe("lost");
    servers.killPrimary();
    await servers.startStandby();
    await servers.promote();

    for (const wire of wires) {
      const answers = await until(
        () => wire.send("GET", `${secrets}/EARLY`),
        ({ status }) => status !== 503,
      );
      // Nothing was served from the shorter history before the jump.
      expect(answers.at(-1)?.body.name).toBe("EARLY");
      const feed = () => wire.send("GET", `${org}/changes?since=${seen}`);
      await until(feed, ({ body }) => body.error?.code === "feed.too_old");
      expect((await wire.send("GET", `${secrets}/LATE/value`))?.status).toBe(404);
    }
    const again = await until(
      () => one.send("POST", secrets, { name: "LATE", value: "anew" }),
      ({ status }) => status !== 503,
    );
    expect(again.at(-1)?.status).toBe(201);
    expect(Number(again.at(-1)?.body.revision)).toBeGreaterThan(2 ** 32);
    expect((await two.send("GET", `${secrets}/LATE/value`))?.body.value).toBe("anew");
    const trail = await one.send("GET", `${org}/audit?action=installation.restore`);
    expect(trail?.body.items[0]?.details.backup).toBe("a database that was behind");
    for (const node of nodes) await node.stop();
    const there = { ...place, database: servers.atPrimary(database) };
    // With the heads that were emitted outside the database as anchors, what was lost would be told.
    expect(await verified({ ...there, out: join(out, "without-anchors") })).toEqual([]);
  }, 120_000);
});

async function until(
  ask: () => Promise<Answer | null>,
  isSo: (answer: Answer) => boolean,
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (;;) {
    const answer = await ask().catch(() => null);
    if (answer !== null) {
      answers.push(answer);
      if (isSo(answer)) return answers;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
