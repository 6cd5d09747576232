// What the clients of this suite find: a server behind a front, a cluster of its own for each part, and
// jobs that read there.
import { randomUUID } from "node:crypto";
import { type Coffer, startCoffer } from "../support/coffer.ts";
import { type Front, openFront } from "../support/front.ts";
import { cleanEnvironment, type Ended, run } from "../support/processes.ts";

export interface Site {
  readonly coffer: Coffer;
  /** Where the clients are sent. */
  readonly front: Front;
}

export async function openSite(env: Readonly<Record<string, string>> = {}): Promise<Site> {
  const coffer = await startCoffer({ env });
  return { coffer, front: await openFront(() => coffer.url) };
}

export async function closeSite({ coffer, front }: Site): Promise<void> {
  front.close();
  await coffer.stop();
}

export interface Cluster {
  readonly id: string;
  readonly slug: string;
  readonly secrets: string;
}

export async function addCluster({ coffer }: Pick<Site, "coffer">): Promise<Cluster> {
  const slug = `cluster-${randomUUID()}`;
  const { id } = await coffer.ask("POST", "/v1/organizations/default/stores", { name: slug, slug });
  return { id, slug, secrets: `/v2/organizations/default/clusters/${id}/secrets` };
}

export interface Job {
  readonly id: string;
  readonly token: string;
}

export async function addJob(
  { coffer }: Pick<Site, "coffer">,
  { slug }: Cluster,
  claims: object = {},
): Promise<Job> {
  const id = randomUUID();
  const path = `/v1/organizations/default/stores/${slug}/jobs`;
  const { token } = await coffer.ask("POST", path, { jobId: id, claims });
  return { id, token };
}

/** The variables by which a job's own agent finds its way. */
export function jobVariables({ url }: { readonly url: string }, job: Job): Record<string, string> {
  return {
    BUILDKITE_AGENT_ENDPOINT: `${url}/v3`,
    BUILDKITE_AGENT_ACCESS_TOKEN: job.token,
    BUILDKITE_JOB_ID: job.id,
  };
}

/** `buildkite-agent secret get`, outside of a job: there is nobody who could redact. */
export function secretGet(
  agent: string,
  variables: Record<string, string>,
  ...args: readonly string[]
): Promise<Ended> {
  return run(agent, ["secret", "get", "--skip-redaction", ...args], { env: cleanEnvironment(variables) });
}
