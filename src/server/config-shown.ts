// The configuration as people look at it: nested as in the file, with what is secret left out.
import { networkText } from "../core/addresses.ts";
import type { Config } from "./config.ts";
import { bytesText, daysText } from "./measures.ts";

export function printableConfig(config: Config): Record<string, unknown> {
  const {
    database,
    rootKeyText,
    rootKeyFile,
    rootPassphrase,
    rootPassphraseRecord,
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
    ...plain
  } = config;
  const host = listen.host.includes(":") ? `[${listen.host}]` : listen.host;
  return {
    ...plain,
    listen: `${host}:${listen.port}`,
    database: database === null ? null : withoutPassword(database),
    rootKey: {
      ...(rootKeyText === null ? { file: rootKeyFile } : { variable: "COFFER_ROOT_KEY" }),
      ...(rootPassphrase === null ? {} : passphraseShown(rootPassphrase, rootPassphraseRecord)),
    },
    services: { names: serviceNames },
    access: { hideRefused },
    buildkite: { valueKilobytes },
    grafana: { namespaces: Array.from(namespaces, ([name, slug]) => `${name}=${slug}`) },
    server: { trustedProxies: trustedProxies.map(networkText) },
    log: { level: logLevel },
    audit: { headFile: auditHeadFile, keep: daysText(auditKeptMs), archive: auditArchive },
    storage: { reserve: bytesText(storageReserve) },
  };
}

function passphraseShown(from: NonNullable<Config["rootPassphrase"]>, passphraseRecord: string | null) {
  if ("file" in from) return { passphraseFile: from.file, passphraseRecord };
  if ("ask" in from) return { askPassphrase: true, passphraseRecord };
  return { passphraseVariable: "COFFER_ROOT_PASSPHRASE", passphraseRecord };
}

function withoutPassword(text: string): string {
  if (!URL.canParse(text)) return "postgres://(not shown)";
  const url = new URL(text);
  if (url.password !== "") url.password = "***";
  for (const name of url.searchParams.keys()) {
    if (/password|key/i.test(name)) url.searchParams.set(name, "***");
  }
  return url.href;
}
