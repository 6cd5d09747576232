// kubectl, whichever this machine has, on manifests that it reads from its input.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { once } from "node:events";
import { cleanEnvironment, type Ended, run, start, stop } from "../support/processes.ts";
import type { Suite } from "../support/suite.ts";
import { addNamespace, kubeconfigFor, type Namespace, type Site, scopedToken } from "./site.ts";

type Kubectl = (args: readonly string[], input?: string) => Promise<Ended>;

function kubectlIn({ kubeconfig }: Pick<Namespace, "kubeconfig">): Kubectl {
  // What it learns of a server it keeps below its home for hours.
  const env = cleanEnvironment({ KUBECONFIG: kubeconfig });
  return (args, input = "") => run("kubectl", args, { env, input });
}

interface Manifest {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** The values of this suite, none of which may be seen anywhere. */
const value = "hush-a-value-of-the-suite";

function manifest({ name, labels = {}, spec = {}, metadata = {} }: Manifest): string {
  return JSON.stringify({
    apiVersion: "secret.grafana.app/v1beta1",
    kind: "SecureValue",
    metadata: { name, labels, ...metadata },
    spec: { description: `About ${name}`, value, ...spec },
  });
}

function done({ code, stdout, stderr }: Ended, said: string | RegExp): void {
  equal(code, 0, stderr);
  equal(stderr, "");
  if (typeof said === "string") equal(stdout.trim(), said);
  else match(stdout, said);
}

function refused({ code, stderr }: Ended, said: string | RegExp): void {
  equal(code, 1);
  if (typeof said === "string") equal(stderr.trim(), said);
  else match(stderr, said);
}

const said = (name: string, what: string) => `securevalue.secret.grafana.app/${name} ${what}`;
const cells = (line: string) => line.trim().split(/ {2,}/);

export async function isThere(): Promise<string | null> {
  const { code, stdout } = await run("kubectl", ["version", "--client"], { env: cleanEnvironment() }).catch(
    () => ({ code: 1, stdout: "" }),
  );
  return code === 0 ? (/v\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? "of an unknown version") : null;
}

export async function kubectlChecks(suite: Suite, site: Site): Promise<void> {
  const here = await addNamespace(site);
  const kubectl = kubectlIn(here);
  const outputs: string[] = [];
  const ask: Kubectl = async (args, input) => {
    const ended = await kubectl(args, input);
    outputs.push(ended.stdout, ended.stderr);
    return ended;
  };
  await objectChecks(suite, ask, here);
  await patchChecks(suite, ask);
  await deletionChecks(suite, ask, site, here);
  await watchChecks(suite, site);
  await refusalChecks(suite, site, here, ask);
  await suite.check("kubectl never showed a value", () => {
    ok(!outputs.join("\n").includes(value));
  });
}

async function objectChecks(suite: Suite, ask: Kubectl, here: Namespace): Promise<void> {
  await suite.check("kubectl api-resources lists both kinds", async () => {
    const { stdout } = await ask(["api-resources", "--api-group=secret.grafana.app", "-o", "name"]);
    deepEqual(stdout.trim().split("\n").sort(), [
      "keepers.secret.grafana.app",
      "securevalues.secret.grafana.app",
    ]);
  });
  await suite.check(
    "kubectl create -f makes an object, and the second time says that it exists",
    async () => {
      const file = manifest({ name: "api-key", labels: { team: "a" }, spec: { decrypters: ["k6-cloud"] } });
      done(await ask(["create", "-f", "-"], file), said("api-key", "created"));
      refused(
        await ask(["create", "-f", "-"], file),
        /AlreadyExists.*securevalues\.secret\.grafana\.app "api-key" already exists/,
      );
    },
  );
  await suite.check("kubectl create makes a name from generateName", async () => {
    const file = manifest({ name: "", metadata: { name: undefined, generateName: "gen-" } });
    done(
      await ask(["create", "-f", "-", "-o", "name"], file),
      /^securevalue\.secret\.grafana\.app\/gen-\w{5,14}\n$/,
    );
  });
  await suite.check("kubectl apply makes an object, and applies it again without a warning", async () => {
    done(await ask(["apply", "-f", "-"], manifest({ name: "bee" })), said("bee", "created"));
    done(await ask(["apply", "-f", "-"], manifest({ name: "bee" })), said("bee", "configured"));
    const { stdout } = await ask(["get", "securevalue", "bee", "-o", "json"]);
    const { metadata, spec, status } = JSON.parse(stdout);
    const kept = JSON.parse(metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"]);
    deepEqual(kept.spec, { description: "About bee" });
    deepEqual(spec, { description: "About bee" });
    deepEqual(status, { version: 2, externalID: "", keeper: "system" });
  });
  await suite.check("kubectl apply of another description changes it", async () => {
    const file = manifest({ name: "bee", spec: { description: "The bee" } });
    done(await ask(["apply", "-f", "-"], file), said("bee", "configured"));
    done(await ask(["get", "securevalue", "bee", "-o", "jsonpath={.spec.description}"]), "The bee");
  });
  await suite.check("kubectl get prints a table with the kind's own columns", async () => {
    const { stdout } = await ask(["get", "securevalues"]);
    const [head = "", ...rows] = stdout.trimEnd().split("\n");
    deepEqual(cells(head), ["NAME", "DESCRIPTION", "KEEPER", "REF"]);
    deepEqual(cells(rows[0] ?? ""), ["api-key", "About api-key", "system"]);
    equal(rows.length, 3);
  });
  await suite.check("kubectl get -A names the namespace, --show-labels the labels", async () => {
    const { stdout } = await ask(["get", "securevalues", "-A", "--show-labels"]);
    ok(
      stdout.split("\n").some((line) => line.startsWith(here.name) && line.endsWith("team=a")),
      stdout,
    );
  });
  await suite.check("kubectl get --chunk-size=1 goes through all pages", async () => {
    const { stdout } = await ask(["get", "securevalues", "--chunk-size=1", "-o", "name"]);
    equal(stdout.trim().split("\n").length, 3);
    done(
      await ask(["get", "securevalues", "--chunk-size=1", "--no-headers"]),
      /api-key[\s\S]*bee[\s\S]*gen-/,
    );
  });
  await suite.check("kubectl get -o yaml, name and jsonpath", async () => {
    done(await ask(["get", "securevalue", "api-key", "-o", "yaml"]), /decrypters:\n {2}- k6-cloud\n/);
    done(
      await ask(["get", "securevalue", "api-key", "-o", "name"]),
      "securevalue.secret.grafana.app/api-key",
    );
    done(await ask(["get", "securevalue", "api-key", "-o", "jsonpath={.status.version}"]), "1");
  });
  await suite.check("kubectl get -l selects by labels, --field-selector by name", async () => {
    const one = "securevalue.secret.grafana.app/api-key";
    done(await ask(["get", "securevalues", "-l", "team in (a,b),!other", "-o", "name"]), one);
    done(await ask(["get", "securevalues", "--field-selector", "metadata.name=api-key", "-o", "name"]), one);
  });
  await suite.check("kubectl describe", async () => {
    done(
      await ask(["describe", "securevalue", "api-key"]),
      /Description: {2}About api-key[\s\S]*Keeper:\s+system/,
    );
  });
  await suite.check("kubectl explain", async () => {
    const explained = await ask(["explain", "securevalue.spec"]);
    // Versions before 1.27 read the older document alone, which has no schemas here.
    if (explained.code !== 0) refused(explained, /couldn't find resource for "secret\.grafana\.app\/v1beta1/);
    else done(explained, /decrypters\s+<\[\]string>/);
  });
}

async function patchChecks(suite: Suite, ask: Kubectl): Promise<void> {
  const one = ["securevalue", "api-key"];
  await suite.check("kubectl label and annotate, set and removed", async () => {
    done(await ask(["label", ...one, "tier=gold"]), said("api-key", "labeled"));
    done(await ask(["annotate", ...one, "note=hello"]), said("api-key", "annotated"));
    done(
      await ask(["get", ...one, "-o", "jsonpath={.metadata.labels.tier} {.metadata.annotations.note}"]),
      "gold hello",
    );
    done(await ask(["label", ...one, "tier-"]), /labeled|unlabeled/);
    done(await ask(["get", ...one, "-o", "jsonpath={.metadata.labels}"]), '{"team":"a"}');
  });
  for (const [type, patch] of [
    ["merge", '{"spec":{"description":"by merge"}}'],
    ["json", '[{"op":"replace","path":"/spec/description","value":"by json"}]'],
    ["strategic", '{"spec":{"description":"by strategic"}}'],
  ] as const) {
    await suite.check(`kubectl patch --type=${type}`, async () => {
      done(await ask(["patch", ...one, `--type=${type}`, "-p", patch]), said("api-key", "patched"));
      done(await ask(["get", ...one, "-o", "jsonpath={.spec.description}"]), `by ${type}`);
    });
  }
  await suite.check("a test of the value in a JSON patch tells nothing", async () => {
    const patch = (guess: string) => JSON.stringify([{ op: "test", path: "/spec/value", value: guess }]);
    const right = await ask(["patch", ...one, "--type=json", "-p", patch(value)]);
    const wrong = await ask(["patch", ...one, "--type=json", "-p", patch("wrong")]);
    equal(right.code, 1);
    deepEqual(right, wrong);
  });
  await suite.check("kubectl apply --server-side, made and applied", async () => {
    const file = manifest({ name: "served" });
    done(await ask(["apply", "--server-side", "-f", "-"], file), said("served", "serverside-applied"));
    done(await ask(["apply", "--server-side", "-f", "-"], file), said("served", "serverside-applied"));
  });
  await suite.check("a dry run on the server writes nothing", async () => {
    const file = manifest({ name: "bee", spec: { description: "dry" } });
    done(
      await ask(["apply", "--dry-run=server", "-f", "-"], file),
      said("bee", "configured (server dry run)"),
    );
    done(
      await ask(["create", "--dry-run=server", "-f", "-"], manifest({ name: "dry" })),
      /created \(server dry run\)/,
    );
    done(await ask(["get", "securevalue", "bee", "-o", "jsonpath={.spec.description}"]), "The bee");
    refused(await ask(["get", "securevalue", "dry"]), /NotFound/);
  });
  await suite.check("kubectl diff shows what would change, and no value", async () => {
    const { code, stdout } = await ask(
      ["diff", "-f", "-"],
      manifest({ name: "bee", spec: { description: "diff" } }),
    );
    equal(code, 1);
    match(stdout, /-\s+description: The bee\n\+\s+description: diff/);
  });
  await suite.check("kubectl replace, and a stale version is refused", async () => {
    const { stdout } = await ask(["get", "securevalue", "bee", "-o", "json"]);
    done(await ask(["replace", "-f", "-"], manifest({ name: "bee" })), said("bee", "replaced"));
    const stale = await ask(["replace", "-f", "-"], stdout);
    refused(
      stale,
      /Conflict.*Operation cannot be fulfilled on securevalues\.secret\.grafana\.app "bee": the object has been modified; please apply your changes to the latest version and try again/,
    );
  });
}

async function deletionChecks(suite: Suite, ask: Kubectl, { coffer }: Site, here: Namespace): Promise<void> {
  await suite.check("kubectl wait for a state and for a deletion", async () => {
    const condition = "--for=jsonpath={.status.keeper}=system";
    const state = await ask(["wait", condition, "securevalue/bee", "--timeout=20s"]);
    // Versions before 1.23 know no conditions of this kind.
    if (!state.stderr.includes("unrecognized condition")) done(state, said("bee", "condition met"));
    const env = cleanEnvironment({ KUBECONFIG: here.kubeconfig });
    // With this much talk it says on stderr when it begins to watch.
    const args = ["wait", "--for=delete", "securevalue/bee", "--timeout=60s", "-v=6"];
    const child = start("kubectl", args, { env, stdio: ["ignore", "pipe", "pipe"] });
    const talk = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8").on("data", (text: string) => {
        talk[name] += text;
        child.emit("talk");
      });
    }
    child.once("exit", () => child.emit("talk"));
    while (child.exitCode === null && !/watch=true/.test(talk.stderr)) await once(child, "talk");
    await coffer.ask("DELETE", `/v1/organizations/default/stores/${here.name}/secrets/bee`);
    const [code] = await once(child, "close");
    equal(code, 0, talk.stderr);
    match(talk.stdout, /condition met/);
  });
  await suite.check("kubectl delete of one, and by label", async () => {
    done(await ask(["delete", "securevalue", "served"]), /"served" deleted/);
    done(await ask(["delete", "securevalues", "-l", "team=a"]), /"api-key" deleted/);
    refused(await ask(["delete", "securevalue", "served"]), /NotFound/);
    done(await ask(["get", "securevalues", "-o", "name"]), /^securevalue\.secret\.grafana\.app\/gen-\w+\n$/);
    done(await ask(["delete", "securevalues", "--all"]), /deleted/);
    equal((await ask(["get", "securevalues"])).stderr, `No resources found in ${here.name} namespace.\n`);
  });
}

async function watchChecks(suite: Suite, site: Site): Promise<void> {
  const there = await addNamespace(site);
  const secrets = `/v1/organizations/default/stores/${there.name}/secrets`;
  await suite.check("kubectl get -w shows what other dialects do", async () => {
    await site.coffer.ask("POST", secrets, { name: "first", value });
    const env = cleanEnvironment({ KUBECONFIG: there.kubeconfig });
    const args = [
      "get",
      "securevalues",
      "-w",
      "--no-headers",
      "-o",
      "custom-columns=N:.metadata.name,D:.spec.description",
    ];
    const child = start("kubectl", args, { env, stdio: ["ignore", "pipe", "inherit"] });
    const lines: string[] = [];
    let rest = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      rest += text;
      const whole = rest.split("\n");
      rest = whole.pop() ?? "";
      lines.push(...whole.map((line) => line.trim().replace(/ +/g, " ")));
      child.emit("line");
    });
    const seen = async (count: number) => {
      while (lines.length < count) await once(child, "line");
    };
    await seen(1);
    await site.coffer.ask("PATCH", `${secrets}/first`, { description: "changed" });
    await seen(2);
    await site.coffer.ask("POST", secrets, { name: "second" });
    await seen(3);
    await site.coffer.ask("DELETE", `${secrets}/first`);
    await seen(4);
    await stop(child);
    deepEqual(lines, ["first", "first changed", "second", "first changed"]);
  });
}

async function refusalChecks(suite: Suite, site: Site, here: Namespace, ask: Kubectl): Promise<void> {
  const as = async (token: string, namespace = here.name) =>
    kubectlIn({ kubeconfig: await kubeconfigFor(site, namespace, token) });
  await suite.check("what is wrong with an object is said for each field", async () => {
    const file = manifest({ name: "bad", spec: { decrypters: ["x", "x", "is this valid"] } });
    const ended = await ask(["create", "-f", "-"], file);
    refused(ended, /The SecureValue "bad" is invalid:/);
    match(ended.stderr, /\* spec\.decrypters\.\[1\]: Invalid value: "x": decrypters must be unique/);
    match(ended.stderr, /\* spec\.decrypters\.\[2\]: Invalid value: "is this valid": a valid label must/);
    const long = await ask(
      ["create", "-f", "-"],
      manifest({ name: "bad", spec: { description: "d".repeat(26) } }),
    );
    refused(long, /spec\.description: Too long: may not be more than 25/);
  });
  await suite.check("an unknown member is refused or told", async () => {
    const ended = await ask(["create", "-f", "-"], manifest({ name: "odd", spec: { bogus: 1 } }));
    if (ended.code === 0) match(ended.stderr, /Warning: unknown field "spec\.bogus"/);
    else match(ended.stderr, /strict decoding error: unknown field "spec\.bogus"/);
  });
  await suite.check("a namespace that is not there is forbidden", async () => {
    refused(
      await ask(["get", "securevalues", "-n", "nowhere"]),
      'Error from server (Forbidden): securevalues.secret.grafana.app is forbidden: User "Owner" cannot list resource "securevalues" in API group "secret.grafana.app" in the namespace "nowhere"',
    );
  });
  await suite.check("a token without the action is forbidden", async () => {
    const reader = await as(await scopedToken(site, ["secret.securevalues:read"]));
    done(await reader(["get", "securevalues", "-o", "name"]), /^(securevalue.*\n)*$/);
    refused(
      await reader(["create", "-f", "-"], manifest({ name: "no" })),
      /Forbidden\).*User "Owner" cannot create resource "securevalues" in API group "secret\.grafana\.app" in the namespace/,
    );
  });
  await suite.check("a token that nobody has is told so", async () => {
    const nobody = await as(`coffer_person_${"0".repeat(32)}_${"A".repeat(43)}`);
    refused(await nobody(["get", "securevalues"]), /You must be logged in to the server/);
  });
}
