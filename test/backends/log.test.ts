// What the log says of a backend that refuses: enough to find the reason there, and none of its words.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { logFile } from "../crash/child.ts";
import { answers } from "./fault-proxy.ts";
import type { Remote } from "./remote.ts";
import { startRemote } from "./remotes.ts";
import { Rig, until } from "./rig.ts";

vi.setConfig({ testTimeout: 60_000 });

let remote: Remote;
let rig: Rig;

beforeAll(async () => {
  remote = await startRemote("kv2");
  rig = await Rig.open({ remote });
});
afterAll(async () => {
  await rig?.close();
  await remote?.stop();
});

const lines = () => readFileSync(logFile(rig.place), "utf8").split("\n");
const told = (what: string) => lines().find((line) => line.includes(what));

test("a start says which backend does not let it in, and goes on", async () => {
  const refuses = rig.proxy.plant(() => true, answers(rig.remote.refusal(403)));
  await rig.restart();
  await until(() => told("does not answer as it should") !== undefined, "nothing is in the log");
  const said = JSON.parse(told("does not answer as it should") ?? "");
  expect(said).toMatchObject({ level: "warn", backend: "remote", failure: "denied" });
  expect((await rig.send("GET", "/readyz"))?.status).toBe(200);
  refuses.remove();
});

test("a refused read is logged by its kind, without what the backend said", async () => {
  expect(await rig.create("logged", "value-of-logged")).toBe(201);
  const headers = { "content-type": "application/json" };
  const body = Buffer.from(JSON.stringify({ errors: ["user bob may not read value-of-logged"] }));
  rig.proxy.plant(rig.doing("read"), answers({ status: 403, headers, body }));
  const answer = await rig.send("GET", "/v1/organizations/default/stores/default/secrets/logged/value");
  expect([answer?.status, answer?.body.error.code]).toEqual([503, "backend.unavailable"]);
  await until(() => told("a backend of values failed") !== undefined, "nothing is in the log");
  expect(JSON.parse(told("a backend of values failed") ?? "")).toMatchObject({
    level: "warn",
    requestId: answer?.body.error.requestId,
    code: "backend.unavailable",
    failure: "denied",
  });
  expect(JSON.stringify([lines(), answer?.body])).not.toMatch(/bob|value-of-logged/);
});
