// The configuration as people look at it: nested as in the file, with what is secret left out.
import { resolve } from "node:path";
import { networkText } from "../core/addresses.ts";
import { shownBackends } from "./backend-config.ts";
import type { Config } from "./config.ts";
import { bytesText, daysText } from "./measures.ts";
import type { RootProviderConfig } from "./root-provider.ts";

/** Where the database is, for a person to see that it is the one that he meant. */
export function placeShown({ database, data }: Config): string {
  return database === null ? resolve(data) : withoutPassword(database);
}

export function printableConfig(config: Config): Record<string, unknown> {
  const {
    database,
    rootKeyText,
    rootKeyFile,
    rootPassphrase,
    rootPassphraseRecord,
    rootProvider,
    olderRootProvider,
    rootRecord,
    listen,
    logLevel,
    auditHeadFile,
    auditKeptMs,
    auditArchive,
    storageReserve,
    trustedProxies,
    serviceNames,
    hideRefused,
    valueKilobytes,
    namespaces,
    backends,
    drainMs,
    workers,
    metricsListen,
    ...plain
  } = config;
  return {
    ...plain,
    listen: placeText(listen),
    database: database === null ? null : withoutPassword(database),
    rootKey: {
      ...(rootKeyText === null ? { file: rootKeyFile } : { variable: "COFFER_ROOT_KEY" }),
      ...(rootPassphrase === null ? {} : passphraseShown(rootPassphrase, rootPassphraseRecord)),
      ...(rootProvider === null ? {} : { provider: providerShown(rootProvider) }),
      ...(olderRootProvider === null ? {} : { olderProvider: providerShown(olderRootProvider) }),
      ...(rootProvider === null && olderRootProvider === null ? {} : { record: rootRecord }),
    },
    ...shownBackends(backends),
    services: { names: serviceNames },
    access: { hideRefused },
    buildkite: { valueKilobytes },
    grafana: { namespaces: Array.from(namespaces, ([name, slug]) => `${name}=${slug}`) },
    server: { trustedProxies: trustedProxies.map(networkText), drainSeconds: drainMs / 1_000, workers },
    metrics: { listen: metricsListen === null ? null : placeText(metricsListen) },
    log: { level: logLevel },
    audit: { headFile: auditHeadFile, keep: daysText(auditKeptMs), archive: auditArchive },
    storage: { reserve: bytesText(storageReserve) },
  };
}

function placeText({ host, port }: Config["listen"]): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function passphraseShown(from: NonNullable<Config["rootPassphrase"]>, passphraseRecord: string | null) {
  if ("file" in from) return { passphraseFile: from.file, passphraseRecord };
  if ("ask" in from) return { askPassphrase: true, passphraseRecord };
  return { passphraseVariable: "COFFER_ROOT_PASSPHRASE", passphraseRecord };
}

function providerShown({ settings, credential }: RootProviderConfig) {
  if (credential === null) return settings;
  return "file" in credential
    ? { ...settings, credentialFile: credential.file }
    : { ...settings, credentialVariable: "COFFER_ROOT_PROVIDER_SECRET" };
}

/** Several hosts make a URL that only PostgreSQL's own tools read. */
function withoutUser(text: string): string {
  const [, scheme = "", hosts = "", path = ""] =
    /^(\w+:\/\/)(?:[^/?#]*@)?([^/?#@]*)([^?#]*)/.exec(text) ?? [];
  return scheme === "" ? "postgres://(not shown)" : `${scheme}***@${hosts}${path}`;
}

function withoutPassword(text: string): string {
  if (!URL.canParse(text)) return withoutUser(text);
  const url = new URL(text);
  if (url.password !== "") url.password = "***";
  for (const name of url.searchParams.keys()) {
    if (/password|key/i.test(name)) url.searchParams.set(name, "***");
  }
  return url.href;
}
