// Buildkite's Go library, which its CLI and its MCP server call the REST API by: the secrets of a cluster
// from the first to the last call, and what stands around them.
import assert from "node:assert/strict";
import { cleanEnvironment, run } from "../support/processes.ts";
import type { Suite } from "../support/suite.ts";
import { addCluster, addJob, type Cluster, jobVariables, type Site, secretGet } from "./site.ts";

interface Question {
  readonly call: string;
  readonly [member: string]: string | number;
}

interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: a suite looks into whatever the library gave
  readonly result: any;
  readonly status: number;
  /** Of the page after this one, and of the last; 0: there is none. */
  readonly next: number;
  readonly last: number;
  readonly error: string;
}

export async function restChecks(
  suite: Suite,
  site: Site,
  { agent, rest }: { readonly agent: string; readonly rest: string },
): Promise<void> {
  const { coffer } = site;
  const { bootstrap } = coffer;

  const askAll = async (token: string, questions: readonly Question[]): Promise<readonly Answer[]> => {
    const env = cleanEnvironment({
      BUILDKITE_REST_API_ENDPOINT: site.front.url,
      BUILDKITE_API_TOKEN: token,
      BUILDKITE_ORGANIZATION_SLUG: "default",
    });
    const input = questions.map((question) => `${JSON.stringify(question)}\n`).join("");
    const { stdout, stderr } = await run(rest, [], { env, input });
    const answers: Answer[] = stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
    assert.equal(answers.length, questions.length, stderr);
    return answers;
  };
  const ask = async (question: Question, token = bootstrap.token): Promise<Answer> => {
    const [answer] = await askAll(token, [question]);
    assert.ok(answer !== undefined);
    return answer;
  };
  const does = async (question: Question): Promise<Answer> => {
    const answer = await ask(question);
    assert.equal(answer.error, "", question.call);
    return answer;
  };
  const refuses = async (question: Question, status: number, sentence: string, token?: string) => {
    const answer = await ask(question, token);
    assert.equal(answer.status, status);
    assert.ok(answer.error.includes(sentence), answer.error);
  };
  const scoped = async (...scopes: string[]): Promise<string> => {
    const principal = { kind: "person", id: bootstrap.person.id };
    const body = { principal, name: "scoped", scopes };
    return (await coffer.ask("POST", "/v1/organizations/default/tokens", body)).token;
  };
  const cluster: Cluster = await addCluster(site);
  const inCluster = { cluster: cluster.id };

  await suite.check("go-buildkite: the token, its owner and his organization", async () => {
    assert.ok((await does({ call: "token" })).result.scopes.includes("write_secrets"));
    assert.equal((await does({ call: "user" })).result.email, bootstrap.person.email);
    assert.equal((await does({ call: "organization" })).result.id, bootstrap.organization.id);
  });

  await suite.check("go-buildkite: a cluster is made, listed and deleted", async () => {
    const { result: made } = await does({ call: "clusters.create", name: "Made", description: "d" });
    assert.deepEqual({ name: made.name, description: made.description }, { name: "Made", description: "d" });
    const { result: all } = await does({ call: "clusters.list", per_page: 100 });
    assert.ok(all.some(({ id }: { id: string }) => id === made.id));
    assert.equal((await does({ call: "clusters.delete", cluster: made.id })).status, 204);
  });

  await suite.check(
    "go-buildkite: a secret is created, got, changed, given a value and deleted",
    async () => {
      const policy = "# who may\n- pipeline_slug: web\n  build_branch: main\n";
      const given = { key: "MY_SECRET", description: "Mine", policy };
      const created = await does({ call: "secrets.create", ...inCluster, ...given, value: "one" });
      assert.equal(created.status, 201);
      const { id } = created.result;
      const { key, description, created_by: author, updated_by: changer = null } = created.result;
      assert.deepEqual({ key, description, policy: created.result.policy }, given);
      assert.equal(author.email, bootstrap.person.email);
      assert.equal(changer, null);
      assert.deepEqual((await does({ call: "secrets.get", ...inCluster, id })).result, created.result);

      const changed = await does({ call: "secrets.update", ...inCluster, id, description: "Ours" });
      assert.deepEqual(
        { description: changed.result.description, policy: changed.result.policy },
        { description: "Ours", policy },
      );
      assert.equal((await does({ call: "secrets.value", ...inCluster, id, value: "two" })).status, 200);
      const job = await addJob(site, cluster, { pipeline_slug: "web", build_branch: "main" });
      assert.equal((await secretGet(agent, jobVariables(site.front, job), "MY_SECRET")).stdout, "two\n");
      const read = await does({ call: "secrets.get", ...inCluster, id });
      assert.ok(Date.parse(read.result.last_read_at) > 0);

      assert.equal((await does({ call: "secrets.delete", ...inCluster, id })).status, 204);
      await refuses({ call: "secrets.get", ...inCluster, id }, 404, "No secret found");
      await refuses({ call: "secrets.delete", ...inCluster, id }, 404, "No secret found");
    },
  );

  await suite.check("go-buildkite: 150 secrets, page after page, the oldest first", async () => {
    const keys = Array.from({ length: 150 }, (_, index) => `KEY_${index}`);
    const { id } = await addCluster(site);
    const made = await askAll(
      bootstrap.token,
      keys.map((key) => ({ call: "secrets.create", cluster: id, key, value: "v" })),
    );
    assert.ok(made.every(({ status }) => status === 201));
    for (const [perPage, pages] of [
      [100, 2],
      [0, 5],
    ] as const) {
      const found: string[] = [];
      let page = 1;
      for (let turn = 0; turn < pages; turn += 1) {
        const answer = await does({ call: "secrets.list", cluster: id, page, per_page: perPage });
        found.push(...answer.result.map(({ key }: { key: string }) => key));
        assert.equal(answer.last, turn === pages - 1 ? 0 : pages);
        page = answer.next;
      }
      assert.equal(page, 0);
      assert.deepEqual(found, keys);
    }
  });

  await suite.check("go-buildkite: refusals in the sentences that clients print", async () => {
    const create = { call: "secrets.create", ...inCluster, value: "v" };
    const list = { call: "secrets.list", ...inCluster };
    await does({ ...create, key: "TAKEN" });
    await refuses({ ...create, key: "taken" }, 422, "Validation failed: Key has already been taken");
    await refuses(
      { ...create, key: "bk_key" },
      422,
      "Validation failed: Key cannot start with 'buildkite' or 'bk'",
    );
    const policy = "- branch: main\n";
    await refuses(
      { ...create, key: "KEY", policy },
      422,
      "Policy is invalid: rule 1 has an unknown claim 'branch'",
    );
    await refuses({ ...list, cluster: bootstrap.person.id }, 404, "No cluster found");
    await refuses(list, 401, "Authentication required.", "none");
    const reader = await scoped("read_secrets_details");
    assert.equal((await ask(list, reader)).status, 200);
    await refuses(
      { ...create, key: "KEY" },
      403,
      "Your access token doesn't have the write_secrets scope",
      reader,
    );
  });
}
