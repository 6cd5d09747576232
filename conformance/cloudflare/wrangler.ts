// `wrangler secrets-store` through the whole life of stores and secrets, and what it asks beside that.
import { equal, match, ok } from "node:assert/strict";
import { request } from "../support/coffer.ts";
import type { Ended } from "../support/processes.ts";
import type { Suite } from "../support/suite.ts";
import { type Site, serviceToken } from "./site.ts";

export async function wranglerChecks(suite: Suite, site: Site): Promise<void> {
  const { wrangler, account, token } = site;
  const stores = (...args: readonly string[]) => wrangler(["secrets-store", "store", ...args, "--remote"]);
  const secrets = (args: readonly string[], input?: string) =>
    wrangler(["secrets-store", "secret", ...args, "--remote"], input === undefined ? {} : { input });
  const reader = await serviceToken(site, "workers");
  const readBy = async (store: string, name: string): Promise<string> => {
    const path = `/client/v4/accounts/${account}/secrets_store/stores/${store}/values/${name}`;
    const { status, body } = await request(site.coffer.url, { method: "GET", path, token: reader });
    equal(status, 200, JSON.stringify(body));
    return body.result.value;
  };
  let store = "";
  let secret = "";

  await suite.check("wrangler secrets-store store create, list", async () => {
    store = idIn(done(await stores("create", "wrangler-store")));
    const { stdout } = done(await stores("list"));
    match(stdout, new RegExp(`wrangler-store +│ ${store} │ ${account}`));
    match(done(await stores("list", "--per-page", "1", "--page", "2")).stdout, /wrangler-store/);
    match(failed(await stores("list", "--page", "9")), /returned no stores/);
  });

  await suite.check("wrangler secrets-store secret create, with the value from standard input", async () => {
    const args = [
      "create",
      store,
      "--name",
      "API_KEY",
      "--scopes",
      "workers,ai_gateway",
      "--comment",
      "ours",
    ];
    const ended = done(await secrets(args, "from stdin\n"));
    secret = idIn(ended);
    match(ended.stdout, /API_KEY +│ [0-9a-f]{32} │ [0-9a-f]{32} │ ours +│ ai_gateway, workers │ active/);
    equal(await readBy(store, "API_KEY"), "from stdin");
    ok(!(ended.stdout + ended.stderr).includes("from stdin"));
  });

  await suite.check(
    "wrangler secrets-store secret get, list; a comment never set is an empty cell",
    async () => {
      done(await secrets(["create", store, "--name", "PLAIN", "--scopes", "workers"], "v"));
      match(done(await secrets(["get", store, "--secret-id", secret])).stdout, /API_KEY/);
      const { stdout } = done(await secrets(["list", store]));
      match(stdout, /API_KEY/);
      match(stdout, /PLAIN +│ [0-9a-f]{32} │ +│ workers/);
      match(done(await secrets(["list", store, "--per-page", "1", "--page", "2"])).stdout, /PLAIN/);
    },
  );

  await suite.check(
    "wrangler secrets-store secret update: metadata alone, and a value from stdin",
    async () => {
      const update = ["update", store, "--secret-id", secret];
      const ended = done(await secrets([...update, "--scopes", "workers,access", "--comment", "changed"]));
      match(ended.stdout, /changed +│ access, workers/);
      equal(await readBy(store, "API_KEY"), "from stdin");
      done(await secrets(update, "second value"));
      equal(await readBy(store, "API_KEY"), "second value");
    },
  );

  await suite.check("wrangler secrets-store secret duplicate", async () => {
    const args = ["duplicate", store, "--secret-id", secret, "--name", "COPY", "--scopes", "workers"];
    match(done(await secrets(args)).stdout, /COPY/);
    equal(await readBy(store, "COPY"), "second value");
  });

  await suite.check("wrangler secrets-store secret delete, and its name is free at once", async () => {
    done(await secrets(["delete", store, "--secret-id", secret]));
    match(failed(await secrets(["get", store, "--secret-id", secret])), /secret_not_found \[code: 1001\]/);
    done(await secrets(["create", store, "--name", "API_KEY", "--scopes", "workers"], "again"));
  });

  await suite.check("wrangler shows errors by word and code", async () => {
    const taken = await secrets(["create", store, "--name", "COPY", "--scopes", "workers"], "v");
    match(failed(taken), /secret_name_already_exists: COPY \[code: 1003\]/);
    const scope = await secrets(["create", store, "--name", "N", "--scopes", "ai-gateway"], "v");
    match(failed(scope), /secret_scope_invalid: ai-gateway \[code: 1001\]/);
    match(failed(await secrets(["list", "0".repeat(32)])), /store_not_found \[code: 1001\]/);
    match(failed(await stores("delete", store)), /store_not_empty \[code: 1003\]/);
    match(failed(await stores("create", "wrangler-store")), /store_name_already_exists \[code: 1003\]/);
  });

  await suite.check("wrangler secrets-store store delete", async () => {
    const empty = idIn(done(await stores("create", "empty")));
    done(await stores("delete", empty));
    ok(!done(await stores("list")).stdout.includes(empty));
  });

  await suite.check("wrangler whoami, with a user's token and with an account's", async () => {
    const own = done(await wrangler(["whoami"])).stdout;
    match(own, /User API Token, associated with the email owner@localhost/);
    match(own, new RegExp(account));
    const machine = await accountToken(site);
    const theirs = done(await wrangler(["whoami"], { env: { CLOUDFLARE_API_TOKEN: machine } })).stdout;
    match(theirs, /Account API Token/);
    match(theirs, new RegExp(account));
  });

  await suite.check("wrangler finds the account of a token by itself", async () => {
    for (const each of [token, await accountToken(site)]) {
      const env = { CLOUDFLARE_API_TOKEN: each };
      done(await wrangler(["secrets-store", "secret", "list", store, "--remote"], { env }));
    }
  });

  await suite.check(
    "wrangler with an e-mail address and a key, and with a slash after the base URL",
    async () => {
      const pair = {
        CLOUDFLARE_EMAIL: site.email,
        CLOUDFLARE_API_KEY: token,
        CLOUDFLARE_ACCOUNT_ID: account,
        CLOUDFLARE_API_BASE_URL: `${site.baseUrl}/`,
      };
      const list = ["secrets-store", "secret", "list", store, "--remote"];
      done(await wrangler(list, { env: pair }));
      const wrong = { ...pair, CLOUDFLARE_EMAIL: "somebody@example.org" };
      match(failed(await wrangler(list, { env: wrong })), /\[code: 9103\]/);
    },
  );

  await suite.check("wrangler with a token that nobody knows, or that may not", async () => {
    const list = ["secrets-store", "secret", "list", store, "--remote"];
    for (const each of ["nobody", reader]) {
      const env = { CLOUDFLARE_API_TOKEN: each, CLOUDFLARE_ACCOUNT_ID: account };
      match(failed(await wrangler(list, { env })), /Authentication error \[code: 10000\]/);
    }
  });

  await suite.check("wrangler containers registries configure finds a secret by its whole name", async () => {
    const body = Array.from({ length: 25 }, (_, index) => ({ name: `OLD_REGISTRY_${index}`, value: "v" }));
    const natively = `/v1/organizations/default/stores`;
    const { items } = await site.coffer.ask("GET", natively);
    const { slug } = items.find((each: { name: string }) => each.name === "wrangler-store");
    for (const each of body) await site.coffer.ask("POST", `${natively}/${slug}/secrets`, each);
    const place = [
      "docker.io",
      "--dockerhub-username",
      "u",
      "--secret-store-id",
      store,
      "--skip-confirmation",
    ];
    const configure = ["containers", "registries", "configure", ...place, "--secret-name", "REGISTRY"];
    // What comes after the secret, the registry itself, is no part of Secrets Store.
    const first = await wrangler(configure, { input: "docker token" });
    match(first.stdout, /secret "REGISTRY" created in Secrets Store/);
    match(first.stdout + first.stderr, /No route for that URI/);
    const again = await wrangler(configure, { input: "another token" });
    match(again.stdout, /Using existing secret "REGISTRY"/);
    const found = await site.coffer.ask("GET", `${natively}/${slug}/secrets/REGISTRY`);
    equal(found.description, "Created by Wrangler: credentials for image registry docker.io");
    equal(found.version, 1);
  });
}

async function accountToken({ coffer }: Site): Promise<string> {
  const home = "/v1/organizations/default";
  const { id } = await coffer.ask("POST", `${home}/machines`, { name: `machine-${crypto.randomUUID()}` });
  const principal = { kind: "machine", id };
  const organization = coffer.bootstrap.organization.id;
  const object = { kind: "organization", id: organization };
  await coffer.ask("PUT", `${home}/grants`, { subject: principal, object, level: "write" });
  return (await coffer.ask("POST", `${home}/tokens`, { name: "conformance", principal })).token;
}

function done(ended: Ended): Ended {
  equal(ended.code, 0, ended.stdout + ended.stderr);
  return ended;
}

/** What it said. */
function failed({ code, stdout, stderr }: Ended): string {
  equal(code, 1, stdout + stderr);
  return stdout + stderr;
}

function idIn({ stdout }: Ended): string {
  const id = /ID: ([0-9a-f]{32})\)/.exec(stdout)?.[1];
  ok(id !== undefined, stdout);
  return id;
}
