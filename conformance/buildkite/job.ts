// A whole job, as the agent runs it: `buildkite-agent bootstrap` fetches what BUILDKITE_SECRETS_CONFIG names,
// gives it to the command and redacts it from the log.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cleanEnvironment, type Ended, run, temporaryFolder } from "../support/processes.ts";
import type { Suite } from "../support/suite.ts";
import { addCluster, addJob, jobVariables, type Site } from "./site.ts";

interface Wanted {
  readonly key: string;
  readonly environment_variable: string;
}

export async function jobChecks(suite: Suite, site: Site, agent: string): Promise<void> {
  const { coffer } = site;
  const cluster = await addCluster(site);
  const add = (secret: object) => coffer.ask("POST", cluster.secrets, secret);
  const password = "correct horse\nbattery staple";
  await add({ key: "DATABASE_PASSWORD", value: password });
  await add({ key: "DEPLOY_KEY", value: "deploy-key-of-ours", policy: "- build_branch: main\n" });
  await add({ key: "REFUSED", value: "never-shown", policy: "- build_branch: release\n" });
  const seen = temporaryFolder();

  const runJob = async (command: string, secrets: readonly Wanted[]): Promise<Ended> => {
    const job = await addJob(site, cluster, { build_branch: "main" });
    const build = temporaryFolder();
    const hooks = join(build, "hooks");
    mkdirSync(hooks);
    const env = cleanEnvironment({
      ...jobVariables(site.front, job),
      BUILDKITE_COMMAND: command,
      BUILDKITE_SECRETS_CONFIG: JSON.stringify(secrets),
      BUILDKITE_BOOTSTRAP_PHASES: "command",
      BUILDKITE_SKIP_CHECKOUT: "true",
      BUILDKITE_BUILD_PATH: build,
      BUILDKITE_HOOKS_PATH: hooks,
      BUILDKITE_SOCKETS_PATH: join(build, "sockets"),
      BUILDKITE_BIN_PATH: dirname(agent),
      BUILDKITE_AGENT_NAME: "conformance",
      BUILDKITE_ORGANIZATION_SLUG: "default",
      BUILDKITE_PIPELINE_SLUG: "web",
      BUILDKITE_PIPELINE_PROVIDER: "git",
      BUILDKITE_REPO: "none",
      BUILDKITE_BRANCH: "main",
      BUILDKITE_COMMIT: "HEAD",
      SEEN: seen,
    });
    return run(agent, ["bootstrap"], { env, cwd: build });
  };
  const both = [
    { key: "DATABASE_PASSWORD", environment_variable: "PGPASSWORD" },
    { key: "deploy_key", environment_variable: "DEPLOY" },
  ];

  await suite.check("a job: its command has the secrets in its environment, its log has not", async () => {
    const command = 'printf "%s|%s" "$PGPASSWORD" "$DEPLOY" > "$SEEN/environment"; echo "shown: $DEPLOY"';
    const ended = await runJob(command, both);
    const log = ended.stdout + ended.stderr;
    assert.equal(ended.code, 0, log);
    assert.equal(readFileSync(join(seen, "environment"), "utf8"), `${password}|deploy-key-of-ours`);
    assert.match(log, /shown: \[REDACTED\]/);
    assert.ok(!log.includes("deploy-key-of-ours"), log);
  });

  await suite.check("a job: `secret get` in its command redacts by the job's own socket", async () => {
    const command = 'buildkite-agent secret get deploy_key | tee "$SEEN/got"';
    const ended = await runJob(command, []);
    const log = ended.stdout + ended.stderr;
    assert.equal(ended.code, 0, log);
    assert.equal(readFileSync(join(seen, "got"), "utf8"), "deploy-key-of-ours\n");
    assert.match(log, /\[REDACTED\]/);
    assert.ok(!log.includes("deploy-key-of-ours"), log);
  });

  await suite.check("a job: one refused secret fails it before its command runs", async () => {
    const refused = [...both, { key: "REFUSED", environment_variable: "REFUSED" }];
    const ended = await runJob('touch "$SEEN/ran"', refused);
    const log = ended.stdout + ended.stderr;
    assert.notEqual(ended.code, 0);
    assert.match(log, /403 Forbidden: Forbidden: job does not meet the access policy for this secret/);
    assert.throws(() => readFileSync(join(seen, "ran")), { code: "ENOENT" });
    assert.ok(!log.includes("never-shown"));
  });
}
