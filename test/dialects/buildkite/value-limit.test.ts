// The bound of values, which the operator may raise.
import { afterAll, expect, test } from "vitest";
import { loadConfig } from "../../../src/server/config.ts";
import { startCoffer } from "../../support/server.ts";
import { aCluster, aJob, aSecret, expectInvalid } from "./support.ts";

const coffer = await startCoffer({ env: { COFFER_BUILDKITE_VALUE_KILOBYTES: "32" } });
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);

test("below 32 kilobytes: taken, in both routes, and read by a job", async () => {
  const cluster = await aCluster(coffer);
  const value = "v".repeat(32 * 1_024 - 1);
  const { id } = await aSecret(me, cluster, { key: "LONG", value });
  const one = `${cluster.secrets}/${id}/value`;
  expect((await me.put(one, { value: value.replace("v", "w") })).status).toBe(200);
  expect((await (await aJob(coffer, cluster)).read("LONG")).body.value).toBe(value.replace("v", "w"));
  const problem = ["value", "must be less than 32 kilobytes"] as const;
  expectInvalid(await me.put(one, { value: `${value}v` }), problem);
  expectInvalid(await me.post(cluster.secrets, { key: "LONGER", value: `${value}v` }), problem);
});

test.each(["0", "33", "8.5", "8k", ""])("the configuration does not take %j", (text) => {
  const env = { COFFER_BUILDKITE_VALUE_KILOBYTES: text };
  expect(() => loadConfig({}, env)).toThrow(
    /(?:VALUE_KILOBYTES|valueKilobytes) must be a whole number from 1 to /,
  );
});
