// Coffer over a backend, from outside: what a person does, what lies in the backend then, and what is seen
// while it is gone.
import { deepEqual, equal, match } from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Coffer, request, startCoffer } from "../support/coffer.ts";
import { temporaryFolder } from "../support/processes.ts";
import type { Suite } from "../support/suite.ts";

/** A real server, as Coffer is told of it and as its own tools look into it. */
export interface Server {
  readonly title: string;
  /** An entry of `backends:`. */
  entry(payload: "sealed" | "native"): object;
  readonly env: Readonly<Record<string, string>>;
  /** Where the values of a secret lie, and the newest of them, as its own tools show it. */
  find(secretId: string): Promise<{ readonly where: string; readonly stored: string } | null>;
  /** Nobody is answered until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
}

const secrets = "/v1/organizations/default/stores/default/secrets";
const backMsMax = 20_000;

export async function cofferChecks(suite: Suite, server: Server): Promise<void> {
  for (const payload of ["sealed", "native"] as const) {
    const coffer = await startOver(server, payload);
    const what = `Coffer over ${server.title}, ${payload}`;
    await lifeChecks(suite, what, coffer, server, payload);
    await outageChecks(suite, what, coffer, server);
    await coffer.stop();
  }
}

function startOver({ entry, env }: Server, payload: "sealed" | "native"): Promise<Coffer> {
  const file = join(temporaryFolder(), "coffer.yaml");
  const configuration = {
    backends: { remote: { ...entry(payload), attemptTimeoutSeconds: 1, operationTimeoutSeconds: 2 } },
    defaultBackend: "remote",
    reconciler: { periodSeconds: 1, leaseSeconds: 3 },
  };
  writeFileSync(file, JSON.stringify(configuration)); // JSON is YAML
  return startCoffer({ env, flags: ["--config", file] });
}

async function lifeChecks(
  suite: Suite,
  what: string,
  { ask, url, bootstrap }: Coffer,
  server: Server,
  payload: "sealed" | "native",
): Promise<void> {
  const read = async (id: string, query = "") => (await ask("GET", `${secrets}/${id}/value${query}`)).value;
  // biome-ignore lint/suspicious/noExplicitAny: a suite looks into whatever the wire carried
  const scale = async (method: string, path: string, body?: object): Promise<any> => {
    const answer = await fetch(`${url}/v5/sgp/secrets${path}`, {
      method,
      headers: { "x-api-key": bootstrap.token, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    equal(answer.ok, true, `${method} ${path} was answered ${answer.status}`);
    return answer.json();
  };
  let made = "";

  await suite.check(`${what}: a secret is created, revealed, updated, and its versions stay`, async () => {
    made = (await ask("POST", secrets, { name: "LIFE", value: "the first value" })).id;
    equal(await read(made), "the first value");
    await ask("PUT", `${secrets}/${made}/value`, { value: "the second value" });
    deepEqual([await read(made), await read(made, "?version=1")], ["the second value", "the first value"]);
  });

  await suite.check(`${what}: the value lies there, ${payload}`, async () => {
    const found = await server.find(made);
    match(found?.where ?? "", new RegExp(`coffer[-/][0-9a-f-]{36}[-/]${made}$`));
    equal(found?.stored.includes("the second value"), payload === "native");
  });

  await suite.check(`${what}: Scale's cloud_secret_path is where the value lies`, async () => {
    const { id, cloud_secret_path: path } = await scale("POST", "", { key: "by-scale", value: "of scale" });
    equal((await server.find(id))?.where, path);
    await scale("PATCH", `/${id}`, { value: "of scale again" });
    equal((await scale("GET", `/${id}`)).cloud_secret_path, path);
    equal(await read(id), "of scale again");
  });

  await suite.check(`${what}: a store's values move there and back, past ones too`, async () => {
    const stores = "/v1/organizations/default/stores";
    const { id } = await ask("POST", stores, { name: "Moving", backend: "embedded" });
    const inside = `${stores}/${id}/secrets`;
    const moving = (await ask("POST", inside, { name: "MOVED", value: "first" })).id;
    await ask("PUT", `${inside}/${moving}/value`, { value: "second" });
    for (const backend of ["remote", "embedded"]) {
      const { there, total } = await ask("POST", `${stores}/${id}/migrate-backend`, { backend, after: null });
      deepEqual([there, total], [2, 2]);
      deepEqual((await ask("GET", `${inside}/${moving}/value?version=1`)).value, "first");
      deepEqual((await ask("GET", `${inside}/${moving}/value`)).value, "second");
      if (backend === "remote") equal((await server.find(moving))?.where.endsWith(moving), true);
    }
  });

  await suite.check(`${what}: what is purged is gone there too`, async () => {
    await ask("DELETE", `${secrets}/${made}`);
    const trash = `/v1/organizations/default/trash`;
    equal((await ask("GET", trash)).items.length, 1);
    await ask("DELETE", `${trash}/${made}`);
    equal(await server.find(made), null);
  });
}

async function outageChecks(
  suite: Suite,
  what: string,
  { ask, url, bootstrap }: Coffer,
  server: Server,
): Promise<void> {
  const say = (method: string, path: string, body?: object) =>
    request(url, { method, path, token: bootstrap.token, body });

  await suite.check(
    `${what}: while it is gone metadata answers and values are 503; then all is well`,
    async () => {
      const { id } = await ask("POST", secrets, { name: "OUTAGE", value: "from before" });
      await server.down();
      try {
        equal((await say("GET", `${secrets}/${id}`)).status, 200);
        equal((await say("GET", secrets)).status, 200);
        for (const [method, path, body] of [
          ["GET", `${secrets}/${id}/value`, undefined],
          ["PUT", `${secrets}/${id}/value`, { value: "meanwhile" }],
          ["POST", secrets, { name: "MEANWHILE", value: "meanwhile" }],
        ] as const) {
          const { status, body: answer } = await say(method, path, body);
          deepEqual([method, path, status, answer.error.code], [method, path, 503, "backend.unavailable"]);
        }
      } finally {
        await server.up();
      }
      equal((await say("GET", `${secrets}/${id}/value`)).body.value, "from before");
      await ask("PUT", `${secrets}/${id}/value`, { value: "from after" });
      equal((await say("GET", `${secrets}/${id}/value`)).body.value, "from after");
      // Its name was taken by a write that failed, for as long as its lease at most.
      await until(
        async () => (await say("POST", secrets, { name: "MEANWHILE", value: "now" })).status === 201,
      );
    },
  );
}

async function until(done: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + backMsMax;
  while (!(await done())) {
    if (performance.now() > end) throw new Error("it did not come to that in time");
    await pause(200);
  }
}
