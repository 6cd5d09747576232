// The JavaScript client of Kubernetes, as npm has it: objects, patches, and an informer that stays in step
// with what goes on through another dialect.
import { deepEqual, equal, rejects } from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { installed } from "../support/cache.ts";
import { install } from "../support/processes.ts";
import type { Suite } from "../support/suite.ts";
import { addNamespace, type Namespace, type Site } from "./site.ts";

const pins = join(import.meta.dirname, "clients");
const group = "secret.grafana.app";
const version = "v1beta1";
const plural = "securevalues";

interface Kube {
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly description: string };
  readonly status?: { readonly version: number };
}

interface KubeList {
  readonly items: readonly Kube[];
  readonly metadata: { readonly resourceVersion: string };
}

interface Call {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace: string;
  readonly name?: string;
  readonly body?: unknown;
  readonly labelSelector?: string;
}

interface CustomObjects {
  createNamespacedCustomObject(call: Call): Promise<Kube>;
  getNamespacedCustomObject(call: Call): Promise<Kube>;
  listNamespacedCustomObject(call: Call): Promise<KubeList>;
  replaceNamespacedCustomObject(call: Call): Promise<Kube>;
  patchNamespacedCustomObject(call: Call): Promise<Kube>;
  deleteNamespacedCustomObject(call: Call): Promise<unknown>;
  deleteCollectionNamespacedCustomObject(call: Call): Promise<unknown>;
}

interface Informer {
  on(verb: "add" | "update" | "delete", told: (object: Kube) => void): void;
  on(verb: "error", told: (error: unknown) => void): void;
  start(): Promise<void>;
  stop(): Promise<void>;
  list(): readonly Kube[];
}

interface KubeConfig {
  loadFromFile(file: string): void;
  makeApiClient(api: unknown): CustomObjects;
}

interface Module {
  readonly KubeConfig: new () => KubeConfig;
  readonly CustomObjectsApi: unknown;
  readonly KubernetesObjectApi: { makeApiClient(config: KubeConfig): ObjectApi };
  makeInformer(config: KubeConfig, path: string, list: () => Promise<KubeList>): Informer;
}

interface ObjectApi {
  create(object: unknown): Promise<Kube>;
  read(object: unknown): Promise<Kube>;
  patch(object: unknown): Promise<Kube>;
  delete(object: unknown): Promise<unknown>;
}

async function clientModule(): Promise<Module> {
  const folder = await installed("grafana", "npm", pins, async (into) => {
    console.log("installing @kubernetes/client-node");
    for (const file of ["package.json", "package-lock.json"])
      copyFileSync(join(pins, file), join(into, file));
    await install("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], into);
  });
  const entry = join(folder, "node_modules", "@kubernetes", "client-node", "dist", "index.js");
  return import(pathToFileURL(entry).href);
}

const value = "hush-a-value-of-the-suite";

function object(name: string, more: { labels?: object; spec?: object } = {}) {
  return {
    apiVersion: `${group}/${version}`,
    kind: "SecureValue",
    metadata: { name, labels: more.labels ?? {} },
    spec: { description: `About ${name}`, value, ...more.spec },
  };
}

export async function clientNodeChecks(suite: Suite, site: Site): Promise<void> {
  const module = await clientModule();
  const here = await addNamespace(site);
  const config = new module.KubeConfig();
  config.loadFromFile(here.kubeconfig);
  const api = config.makeApiClient(module.CustomObjectsApi);
  const place = { group, version, plural, namespace: here.name };
  await objectChecks(suite, api, place);
  await genericChecks(suite, module.KubernetesObjectApi.makeApiClient(config), here);
  await informerChecks(suite, site, { module, config, api });
}

async function objectChecks(suite: Suite, api: CustomObjects, place: Call): Promise<void> {
  await suite.check("client-node creates, reads, lists, replaces and patches", async () => {
    const created = await api.createNamespacedCustomObject({ ...place, body: object("one") });
    equal(created.status?.version, 1);
    await api.createNamespacedCustomObject({ ...place, body: object("two", { labels: { a: "b" } }) });
    const { items } = await api.listNamespacedCustomObject({ ...place, labelSelector: "a=b" });
    deepEqual(
      items.map(({ metadata }) => metadata.name),
      ["two"],
    );
    const read = await api.getNamespacedCustomObject({ ...place, name: "one" });
    const body = { ...read, spec: { description: "replaced" } };
    const replaced = await api.replaceNamespacedCustomObject({ ...place, name: "one", body });
    equal(replaced.spec.description, "replaced");
    const patch = [{ op: "add", path: "/metadata/labels", value: { c: "d" } }];
    const patched = await api.patchNamespacedCustomObject({ ...place, name: "one", body: patch });
    deepEqual(patched.metadata.labels, { c: "d" });
  });
  await suite.check("client-node is told of a conflict and of what is not there", async () => {
    const read = await api.getNamespacedCustomObject({ ...place, name: "one" });
    const body = { ...read, metadata: { ...read.metadata, resourceVersion: "1" } };
    await rejects(api.replaceNamespacedCustomObject({ ...place, name: "one", body }), { code: 409 });
    await rejects(
      api.getNamespacedCustomObject({ ...place, name: "nothing" }),
      ({ code, body: status }: Error & { code?: number; body?: string }) => {
        equal(code, 404);
        equal(JSON.parse(status ?? "").message, 'securevalues.secret.grafana.app "nothing" not found');
        return true;
      },
    );
  });
  await suite.check("client-node deletes one and all of a selection", async () => {
    await api.deleteNamespacedCustomObject({ ...place, name: "one" });
    await api.deleteCollectionNamespacedCustomObject({ ...place, labelSelector: "a=b" });
    deepEqual((await api.listNamespacedCustomObject(place)).items, []);
  });
}

async function genericChecks(suite: Suite, api: ObjectApi, { name: namespace }: Namespace): Promise<void> {
  await suite.check("client-node's generic API finds the kind and patches as it does by itself", async () => {
    const whole = object("generic");
    const placed = { ...whole, metadata: { ...whole.metadata, namespace } };
    await api.create(placed);
    const change = { ...placed, spec: { description: "patched" } };
    equal((await api.patch(change)).spec.description, "patched");
    equal((await api.read(placed)).spec.description, "patched");
    await api.delete(placed);
    await rejects(api.read(placed), { code: 404 });
  });
}

const changesCount = 1_000;

async function informerChecks(
  suite: Suite,
  site: Site,
  client: { module: Module; config: KubeConfig; api: CustomObjects },
): Promise<void> {
  const { module, config, api } = client;
  await suite.check(`an informer stays in step with ${changesCount} changes of another dialect`, async () => {
    const { name: namespace, path } = await addNamespace(site);
    const place = { group, version, plural, namespace };
    const informer = module.makeInformer(config, path, () => api.listNamespacedCustomObject(place));
    let events = 0;
    const told: string[] = [];
    const arrived = Promise.withResolvers<void>();
    for (const verb of ["add", "update", "delete"] as const) {
      informer.on(verb, (seen) => {
        events += 1;
        told.push(JSON.stringify(seen));
        if (seen.metadata.name === "last") arrived.resolve();
      });
    }
    informer.on("error", (error) =>
      arrived.reject(error instanceof Error ? error : new Error(String(error))),
    );
    await informer.start();
    const secrets = `/v1/organizations/default/stores/${namespace}/secrets`;
    let made = 0;
    const names: string[] = [];
    const ask = async (method: string, at: string, body?: object) => {
      await site.coffer.ask(method, at, body);
      made += 1;
    };
    for (let turn = 0; made < changesCount - 1; turn += 1) {
      const name = `s-${turn}`;
      await ask("POST", secrets, { name, value });
      names.push(name);
      await ask("PATCH", `${secrets}/${name}`, {
        description: `turn ${turn}`,
        labels: { turn: String(turn) },
      });
      await ask("PUT", `${secrets}/${name}/value`, { value: `${value}-${turn}` });
      if (turn % 3 === 0) await ask("DELETE", `${secrets}/${names.shift()}`);
    }
    await ask("POST", secrets, { name: "last" });
    await arrived.promise;
    const shown = (objects: readonly Kube[]) =>
      objects
        .map(({ metadata, spec, status }) => [
          metadata.name,
          metadata.resourceVersion,
          metadata.labels,
          spec,
          status,
        ])
        .sort(([one], [other]) => (String(one) < String(other) ? -1 : 1));
    deepEqual(shown(informer.list()), shown((await api.listNamespacedCustomObject(place)).items));
    equal(events, made);
    equal(
      told.some((text) => text.includes(value)),
      false,
      "a value was told",
    );
    await informer.stop();
  });
}
