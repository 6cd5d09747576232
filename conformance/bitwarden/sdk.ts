// The SDK for Node, release 1.0.0, the last that talks over open http too.
import { deepEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openFront } from "../support/front.ts";
import { cleanEnvironment, start, temporaryFolder } from "../support/processes.ts";
import type { Suite } from "../support/suite.ts";
import { type Account, addAccount, addProject, openSite, type Site, variables } from "./site.ts";

const script = join(import.meta.dirname, "sdk-client.ts");

interface Speaker {
  // biome-ignore lint/suspicious/noExplicitAny: a suite looks into whatever the client answered
  does(of: string, call: string, ...given: unknown[]): Promise<any>;
  refused(of: string, call: string, ...given: unknown[]): Promise<string>;
  close(): void;
}

function startSdk(modules: string, site: Site, account: Account, more: Record<string, string> = {}): Speaker {
  const child = start(process.execPath, [script], {
    env: cleanEnvironment({ ...variables(site, account), MODULES: modules, ...more }),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error("the SDK's process has no pipes");
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const say = async (of: string, call: string, given: readonly unknown[]) => {
    stdin.write(`${JSON.stringify({ of, call, with: given })}\n`);
    const { value, done } = await lines.next();
    if (done === true) throw new Error("the SDK's process ended");
    return JSON.parse(value);
  };
  return {
    async does(of, call, ...given) {
      const said = await say(of, call, given);
      if ("error" in said) throw new Error(`${call} was refused: ${said.error}`);
      return said.value;
    },
    async refused(of, call, ...given) {
      const said = await say(of, call, given);
      if (!("error" in said)) throw new Error(`${call} was not refused`);
      return said.error;
    },
    close: () => void stdin.end(),
  };
}

export async function sdkChecks(suite: Suite, modules: string, tls: boolean): Promise<void> {
  const way = tls ? "https" : "http";
  const site = await openSite(tls);
  const account = await addAccount(site, "ci");
  const org = site.organization;
  const sdk = startSdk(modules, site, account);

  await suite.check(`sdk-napi over ${way}: logs in`, async () => {
    await sdk.does("auth", "loginAccessToken");
  });
  await suite.check(`sdk-napi over ${way}: a project and its secrets from beginning to end`, async () => {
    const project = await sdk.does("projects", "create", org, "Web ✓");
    equal(project.name, "Web ✓");
    equal((await sdk.does("projects", "get", project.id)).name, "Web ✓");
    equal((await sdk.does("projects", "update", org, project.id, "Api")).name, "Api");
    const value = " välue\n✓ ";
    const made = await sdk.does("secrets", "create", org, "KEY", value, "a note", [project.id]);
    deepEqual([made.key, made.value, made.note, made.projectId], ["KEY", value, "a note", project.id]);
    const two = await sdk.does("secrets", "create", org, "TWO", "2", "", [project.id]);
    equal((await sdk.does("secrets", "get", made.id)).value, value);
    const { data: listed } = await sdk.does("secrets", "list", org);
    deepEqual(listed.map(({ key }: { key: string }) => key).sort(), ["KEY", "TWO"]);
    const { data: both } = await sdk.does("secrets", "getByIds", [two.id, made.id]);
    deepEqual(
      both.map(({ key }: { key: string }) => key),
      ["TWO", "KEY"],
    );
    const changed = await sdk.does("secrets", "update", org, made.id, "KEY", "new", "", [project.id]);
    deepEqual([changed.value, changed.note], ["new", ""]);
    const removed = await sdk.does("secrets", "delete", [made.id, two.id]);
    deepEqual(
      removed.data.map(({ error }: { error: unknown }) => error ?? null),
      [null, null],
    );
    const gone = await sdk.does("projects", "delete", [project.id]);
    equal(gone.data[0].error ?? null, null);
    match(await sdk.refused("secrets", "get", made.id), /\[404 Not Found\] .*Resource not found\./);
  });
  await suite.check(`sdk-napi over ${way}: sync tells of changes, and of none`, async () => {
    const project = await addProject(site, account, "Synced");
    const secrets = `/v1/organizations/default/stores/${project}/secrets`;
    await site.coffer.ask("POST", secrets, { name: "KEY", value: "one" });
    const first = await sdk.does("secrets", "sync", org);
    deepEqual(
      [first.hasChanges, first.secrets.map(({ value }: { value: string }) => value)],
      [true, ["one"]],
    );
    const at = new Date(Date.now() + 5).toISOString();
    equal((await sdk.does("secrets", "sync", org, at)).hasChanges, false);
    await site.coffer.ask("PUT", `${secrets}/KEY/value`, { value: "two" });
    const next = await sdk.does("secrets", "sync", org, at);
    deepEqual(
      next.secrets.map(({ value }: { value: string }) => value),
      ["two"],
    );
  });
  sdk.close();
  if (tls) {
    await suite.check("sdk-napi over https: a server that it does not trust is refused", async () => {
      const wary = startSdk(modules, site, account, { SSL_CERT_FILE: "/dev/null" });
      match(
        await wary.refused("auth", "loginAccessToken"),
        /error sending request|certificate|builder error/i,
      );
      wary.close();
    });
  } else {
    await stateChecks(suite, modules, site, account);
  }
  await site.coffer.stop();
}

/** A client with a state file logs in once an hour, whatever happens to the server. */
async function stateChecks(suite: Suite, modules: string, site: Site, account: Account): Promise<void> {
  const state = join(temporaryFolder(), "state");
  const front = await openFront(() => site.coffer.url);
  const seenBy = { SERVER: front.url };
  const paths = () => front.seen().map(({ path }) => path);
  await suite.check("a state file: after a restart no login is made, and the token still holds", async () => {
    const first = startSdk(modules, site, account, seenBy);
    await first.does("auth", "loginAccessToken", state);
    await first.does("projects", "list", site.organization);
    first.close();
    equal(paths()[0], "/identity/connect/token");
    await site.coffer.stop();
    await site.coffer.start();
    const second = startSdk(modules, site, account, seenBy);
    await second.does("auth", "loginAccessToken", state);
    await second.does("projects", "list", site.organization);
    second.close();
    deepEqual(paths(), [`/api/organizations/${site.organization}/projects`]);
  });
  await suite.check("a state file: a revoked token ends at once", async () => {
    const token = `/v1/organizations/default/tokens/${account.tokenId}`;
    await site.coffer.ask("DELETE", token);
    const third = startSdk(modules, site, account, seenBy);
    await third.does("auth", "loginAccessToken", state);
    match(await third.refused("projects", "list", site.organization), /401 Unauthorized/);
    third.close();
    const fresh = startSdk(modules, site, account, seenBy);
    match(await fresh.refused("auth", "loginAccessToken"), /invalid_client/);
    fresh.close();
  });
  front.close();
}
