// `bws`, which speaks over TLS alone: projects, secrets, `run`, and what others see of what it wrote.
import { deepEqual, equal, match } from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { request } from "../support/coffer.ts";
import { cleanEnvironment, type Ended, run } from "../support/processes.ts";
import type { Suite } from "../support/suite.ts";
import { type Account, addAccount, addProject, type Site, variables } from "./site.ts";

export async function bwsChecks(suite: Suite, program: string, site: Site): Promise<void> {
  const account = await addAccount(site, "bws");
  const env = cleanEnvironment({ ...variables(site, account), BWS_SERVER_URL: site.coffer.url });
  const tried = (...args: string[]): Promise<Ended> => run(program, ["--color", "no", ...args], { env });
  const bws = async (...args: string[]): Promise<string> => {
    const ended = await tried(...args);
    equal(ended.code, 0, ended.stderr);
    return ended.stdout;
  };
  // biome-ignore lint/suspicious/noExplicitAny: a suite looks into whatever the client printed
  const json = async (...args: string[]): Promise<any> => JSON.parse(await bws(...args));

  await suite.check("bws: a project and its secrets from beginning to end", async () => {
    const project = await json("project", "create", "Web");
    equal((await json("project", "get", project.id)).name, "Web");
    equal((await json("project", "edit", project.id, "--name", "Api")).name, "Api");
    // The only way in which this client takes a value.
    const made = await json("secret", "create", "DB_URL", "pg://✓", project.id, "--note", "a note");
    deepEqual([made.key, made.value, made.note, made.projectId], ["DB_URL", "pg://✓", "a note", project.id]);
    equal((await json("secret", "edit", made.id, "--value", "other")).value, "other");
    equal((await json("secret", "get", made.id)).value, "other");
    deepEqual(
      (await json("secret", "list")).map(({ value }: { value: string }) => value),
      ["other"],
    );
    deepEqual(
      (await json("secret", "list", project.id)).map(({ key }: { key: string }) => key),
      ["DB_URL"],
    );
    match(await bws("secret", "delete", made.id), /1 secret deleted successfully/);
    match(await bws("project", "delete", project.id), /1 project deleted successfully/);
    const gone = await tried("secret", "get", made.id);
    equal(gone.code, 1);
    match(gone.stderr, /\[404 Not Found\] .*Resource not found\./);
  });

  await suite.check("bws run: a project's secrets are a command's environment", async () => {
    const project = await addProject(site, account, "Run");
    const secrets = `/v1/organizations/default/stores/${project}/secrets`;
    await site.coffer.ask("POST", secrets, { name: "FROM_COFFER", value: "it's there" });
    equal(await bws("run", "--project-id", project, "--", "printenv FROM_COFFER"), "it's there\n");
  });

  await suite.check("bws: thousands of secrets in one request", async () => {
    const project = await addProject(site, account, "Crowd");
    const secrets = `/v1/organizations/default/stores/${project}/secrets`;
    for (let from = 0; from < 2_000; from += 50) {
      const batch = Array.from({ length: 50 }, (_, at) => ({
        name: `S${from + at}`,
        value: `v${from + at}`,
      }));
      await Promise.all(batch.map((each) => site.coffer.ask("POST", secrets, each)));
    }
    equal((await json("secret", "list", project)).length, 2_000);
  });

  await suite.check("bws keeps its state, and logs in once", async () => {
    const state = join(env.HOME ?? "", ".config", "bws", "state");
    deepEqual(readdirSync(state), [account.tokenId]);
    const trail = "/v1/organizations/default/audit?action=session.open&limit=100";
    const { items } = await site.coffer.ask("GET", `${trail}&caller=${account.id}`);
    equal(items.length, 1);
  });

  await neighbourChecks(suite, site, account, json);
}

type Json = (...args: string[]) => Promise<
  // biome-ignore lint/suspicious/noExplicitAny: as above
  any
>;

/** One secret, whatever API it is asked by. */
async function neighbourChecks(suite: Suite, site: Site, account: Account, bws: Json): Promise<void> {
  const { ask } = site.coffer;
  const org = site.organization;
  const project = await addProject(site, account, "Shared");
  const { slug } = await ask("GET", `/v1/organizations/default/stores/${project}`);
  await suite.check("what bws wrote, Buildkite's agent route prints", async () => {
    await bws("secret", "create", "WRITTEN_BY_BWS", "by bws", project);
    const jobId = crypto.randomUUID();
    const jobs = `/v1/organizations/default/stores/${project}/jobs`;
    const { token } = await ask("POST", jobs, { jobId, claims: {} });
    const path = `/v3/jobs/${jobId}/secrets?key=WRITTEN_BY_BWS`;
    const { status, body } = await request(site.coffer.url, { method: "GET", path, token });
    deepEqual([status, body.value], [200, "by bws"]);
  });
  await suite.check("what bws wrote, Cloudflare's and Grafana's routes list", async () => {
    const wireId = (id: string) => id.replaceAll("-", "");
    const stores = `/client/v4/accounts/${wireId(org)}/secrets_store/stores/${wireId(project)}/secrets`;
    const { result } = await ask("GET", stores);
    deepEqual(
      result.map(({ name }: { name: string }) => name),
      ["WRITTEN_BY_BWS"],
    );
    await bws("secret", "create", "grafana-name", "for grafana", project);
    const { items } = await ask("GET", `/apis/secret.grafana.app/v1beta1/namespaces/${slug}/securevalues`);
    const names = items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
    equal(names.includes("grafana-name"), true, names.join());
  });
  await suite.check("what Buildkite's and Grafana's routes wrote, bws gets", async () => {
    await ask("POST", `/v2/organizations/default/clusters/${project}/secrets`, {
      key: "MADE_THERE",
      value: "bk",
    });
    await ask("POST", `/apis/secret.grafana.app/v1beta1/namespaces/${slug}/securevalues`, {
      apiVersion: "secret.grafana.app/v1beta1",
      kind: "SecureValue",
      metadata: { name: "made-there" },
      spec: { description: "x", value: "gf" },
    });
    const listed = await bws("secret", "list", project);
    const values = new Map(listed.map(({ key, value }: { key: string; value: string }) => [key, value]));
    deepEqual([values.get("MADE_THERE"), values.get("made-there")], ["bk", "gf"]);
  });
}
