// What Terraform's provider sends by REST over the life of one `buildkite_cluster_secret`, in its order, and
// what it goes by: created_at and updated_at, the policy to the byte, an empty 204, and 404 for what is gone.
// (github.com/buildkite/terraform-provider-buildkite, buildkite/resource_cluster_secret.go and client.go)
import { afterAll, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import { aCluster, aJob, aTime, expectRefused } from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);

test("created, read, changed, cleared, imported, destroyed", async () => {
  const cluster = await aCluster(coffer);
  const policy = "# kept\r\n- pipeline_slug:   web\n\n";
  const planned = { key: "TF_SECRET", value: "one", description: "d", policy };
  const created = await me.post(cluster.secrets, planned);
  expect([created.status, created.body.created_at, created.body.updated_at]).toEqual([201, aTime, aTime]);
  const one = `${cluster.secrets}/${created.body.id}`;
  const refreshed = async () => {
    const { status, body } = await me.get(one);
    return { status, key: body.key, description: body.description, policy: body.policy };
  };
  expect(await refreshed()).toEqual({ status: 200, key: "TF_SECRET", description: "d", policy });

  expect((await me.put(`${one}/value`, { value: "two" })).body.id).toBe(created.body.id);
  const job = await aJob(coffer, cluster, { pipeline_slug: "web" });
  expect((await job.read("TF_SECRET")).body.value).toBe("two");

  // What was taken out of the configuration is sent as "", and null and "" are the same to it from then on.
  expect((await me.put(one, { description: "", policy: "" })).status).toBe(200);
  const cleared = await refreshed();
  expect([cleared.description ?? "", cleared.policy ?? ""]).toEqual(["", ""]);
  expect((await me.put(one, { policy })).status).toBe(200);
  expect((await refreshed()).policy).toBe(policy);

  const destroyed = await me.delete(one);
  expect([destroyed.status, destroyed.text, destroyed.headers.get("content-type")]).toEqual([204, "", null]);
  expectRefused(await me.get(one), 404, "No secret found");
  expect((await me.post(cluster.secrets, planned)).status).toBe(201);
});
