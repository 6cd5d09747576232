import { describe, expect, test } from "vitest";
import { parseClaims, pipelineClaims } from "../../core/policies/claims.ts";
import { jobClaims, jobIdOf, neverInTokens } from "./job-claims.ts";

const pipelineId = "f47ac10b-58cc-4372-a567-0e02b2c3d479";
const queueId = "01928e5a-1234-7678-9abc-def012345678";

describe("the claims of a Buildkite token", () => {
  test("become the claims of policies, queues under their longer names", () => {
    const token = {
      iss: "https://agent.buildkite.com",
      organization_slug: "acme",
      pipeline_slug: "web",
      pipeline_id: pipelineId.toUpperCase(),
      build_number: 7,
      build_branch: "main",
      build_tag: "v1",
      build_source: "webhook",
      queue_id: queueId,
      queue_key: "deploy",
      step_key: null,
    };
    const claims = jobClaims(token);
    expect(claims).toEqual({
      pipeline_id: pipelineId,
      pipeline_slug: "web",
      build_branch: "main",
      build_source: "webhook",
      cluster_queue_id: queueId,
      cluster_queue_key: "deploy",
    });
    expect(parseClaims(claims)).toEqual(claims);
  });

  test("never say who started the build, even where an issuer put in such a claim", () => {
    expect(neverInTokens).toEqual(["build_creator", "build_creator_team"]);
    expect(jobClaims({ build_creator: "ann@example.com", build_creator_team: [queueId] })).toEqual({});
    expect(jobClaims({ cluster_queue_key: "deploy", cluster_queue_id: queueId })).toEqual({});
  });

  test("are missing where they are not the text that a claim must be", () => {
    for (const value of [null, "", 1, true, {}, ["main"], "\ud800", "a\u0000b", "x".repeat(1_025)]) {
      expect(jobClaims({ build_branch: value, pipeline_id: value })).toEqual({});
    }
    expect(jobClaims({ pipeline_id: "web" })).toEqual({});
    expect(jobClaims(Object.create({ build_branch: "main" }))).toEqual({});
  });

  test("cover the vocabulary, but for those that no token has", () => {
    const full = { pipeline_slug: "a", build_branch: "b", build_source: "c", queue_key: "d" };
    const claims = jobClaims({ ...full, pipeline_id: pipelineId, queue_id: queueId });
    expect([...Object.keys(claims), ...neverInTokens].sort()).toEqual([...pipelineClaims.keys()].sort());
  });

  test("name the job", () => {
    expect(jobIdOf({ job_id: pipelineId.toUpperCase() })).toBe(pipelineId);
    for (const id of [undefined, null, "", "job", 1, [pipelineId]])
      expect(jobIdOf({ job_id: id })).toBeNull();
  });
});
