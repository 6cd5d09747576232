// The configuration: defaults < coffer.yaml < COFFER_* < flags, read once into one frozen object.
import { isAbsolute } from "node:path";
import { type Network, parseNetwork } from "../core/addresses.ts";
import { limits } from "../core/limits.ts";
import { isEmail } from "../core/people/person.ts";
import type { WorkloadRules } from "../core/trusts/rules.ts";
import { AddressError, endpointsOf } from "../storage/postgres/address.ts";
import { type BackendConfig, backendConfig } from "./backend-config.ts";
import {
  ConfigError,
  defaults,
  type Environment,
  environmentLayer,
  flagLayer,
  readConfigFile,
  type ServeFlags,
  unknownVariables,
  type Value,
  type Values,
} from "./config-layers.ts";
import { parseBytes, parseDays } from "./measures.ts";
import { parseRootProvider, type RootProviderConfig } from "./root-provider.ts";
import { isWildcard } from "./tls/names.ts";
import { type TlsSettings, tlsSettings } from "./tls/settings.ts";

export { ConfigError, type ServeFlags } from "./config-layers.ts";

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

export interface Config {
  readonly data: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly insecureHttp: boolean;
  /** Null: the embedded database in the data folder. */
  readonly database: string | null;
  readonly rootKeyFile: string | null;
  /** The text of a root key file, from the environment only: flags and files are read by others. */
  readonly rootKeyText: string | null;
  /** Null: no passphrase makes a root key. The text comes from the environment only. */
  readonly rootPassphrase:
    | { readonly file: string }
    | { readonly text: string }
    | { readonly ask: true }
    | null;
  /** How a key follows from the passphrase; null: `root.passphrase` in the data folder. */
  readonly rootPassphraseRecord: string | null;
  /** Null: no provider outside of this machine keeps the root key. */
  readonly rootProvider: RootProviderConfig | null;
  /** One whose keys still unwrap, for the time in which another takes its place. */
  readonly olderRootProvider: RootProviderConfig | null;
  /** Root keys as providers wrapped them; null: `root.record` in the data folder. */
  readonly rootRecord: string | null;
  readonly publicUrl: string | null;
  /** Null: plain http. */
  readonly tls: TlsSettings | null;
  /** Whose word about the client's address is taken; see http/client-address.ts. */
  readonly trustedProxies: readonly Network[];
  /** Requests in a minute; null: without limit. */
  readonly rateLimit: { readonly perToken: number | null; readonly perOrganization: number | null };
  /** Which private hosts and files trusts may take keys from. */
  readonly trusts: WorkloadRules;
  /** Of services beside those that a dialect's contract names. */
  readonly serviceNames: readonly string[];
  /** Grafana's names of namespaces, each with the slug of its store. */
  readonly namespaces: ReadonlyMap<string, string>;
  /** Below which Buildkite's API takes a value. */
  readonly valueKilobytes: number;
  /** Jobs and services are told of a secret that they may not read that it is not there. */
  readonly hideRefused: boolean;
  /** Places for values beside the database. */
  readonly backends: BackendConfig;
  readonly ownerEmail: string;
  readonly logLevel: LogLevel;
  /** Where signed audit heads are appended as well, one line each. */
  readonly auditHeadFile: string | null;
  /** How old audit entries become at least. Null archive: they are never removed. */
  readonly auditKeptMs: number;
  readonly auditArchive: string | null;
  /** Free bytes in the data folder below which nothing new is taken; 0: never. */
  readonly storageReserve: number;
  /** How long a server that ends waits for what is under way. */
  readonly drainMs: number;
  /** Processes that serve; more than one on PostgreSQL alone. */
  readonly workers: number;
  /** Null: metrics are only for tokens that may read them. */
  readonly metricsListen: { readonly host: string; readonly port: number } | null;
}

export function loadConfig(
  flags: ServeFlags,
  env: Environment = process.env,
): { readonly config: Config; readonly warnings: readonly string[] } {
  const file = flags.config ?? env.COFFER_CONFIG;
  const layers = [file === undefined ? {} : readConfigFile(file), environmentLayer(env), flagLayer(flags)];
  const values: Values = { ...defaults(), ...layers[0], ...layers[1], ...layers[2] };
  return { config: Object.freeze(check(values)), warnings: unknownVariables(env) };
}

/**
 * For commands that work on one database: a folder that was named on the command line is meant, whatever
 * database the environment names for the server. The two together are said with flags.
 */
export function loadPlace(flags: ServeFlags, env: Environment = process.env): Config {
  const inFolder = flags.data !== undefined && flags.database === undefined;
  return loadConfig(flags, inFolder ? { ...env, COFFER_DATABASE: undefined } : env).config;
}

/** How the server is reached: as the configuration says, else where it listens. */
export function serverUrl({ publicUrl, listen, tls }: Config, port = listen.port): string {
  // Every address is none to connect to.
  const host = isWildcard(listen.host) ? "127.0.0.1" : listen.host;
  const shown = host.includes(":") ? `[${host}]` : host;
  return publicUrl ?? `${tls === null ? "http" : "https"}://${shown}:${port}`;
}

function check(values: Values): Config {
  const text = (name: keyof Values) => (typeof values[name] === "string" ? values[name] : null);
  const level = logLevels.find((one) => one === values.logLevel);
  if (level === undefined) throw new ConfigError(`log.level must be one of ${logLevels.join(", ")}.`);
  if (text("rootKeyFile") !== null && text("rootKeyText") !== null) {
    throw new ConfigError("Give the root key once: COFFER_ROOT_KEY or a file, not both.");
  }
  const listen = parseListen(text("listen") ?? "");
  const insecureHttp = values.insecureHttp === true;
  const tls = tlsSettings(text("tlsMode"), text("tlsCert"), text("tlsKey"), values.tlsNames);
  if (!isLoopback(listen.host) && !insecureHttp && tls === null) {
    throw new ConfigError(
      `Others can reach ${listen.host}, and open http would show them every value. Say --tls auto, or give ` +
        "--tls-cert and --tls-key, or listen on 127.0.0.1 behind a proxy that does TLS; or say --insecure-http.",
    );
  }
  return {
    data: text("data") ?? "./coffer-data",
    listen,
    insecureHttp,
    database: parseDatabase(text("database")),
    rootKeyFile: text("rootKeyFile"),
    rootKeyText: text("rootKeyText"),
    rootPassphrase: rootPassphraseOf(
      text("rootPassphraseFile"),
      text("rootPassphraseText"),
      values.askRootPassphrase === true,
    ),
    rootPassphraseRecord: text("rootPassphraseRecord"),
    rootProvider: parseRootProvider("rootKey.provider", values.rootProvider, text("rootProviderSecret")),
    olderRootProvider: parseRootProvider("rootKey.olderProvider", values.olderRootProvider, null),
    rootRecord: text("rootRecord"),
    publicUrl: parsePublicUrl(text("publicUrl"), tls),
    tls,
    trustedProxies: parseProxies(values.trustedProxies),
    rateLimit: {
      perToken: limitOf(values.requestsPerToken),
      perOrganization: limitOf(values.requestsPerOrganization),
    },
    trusts: parseTrustRules(values.trustHosts, values.trustFiles),
    serviceNames: parseServiceNames(values.serviceNames),
    namespaces: parseNamespaces(values.namespaces),
    valueKilobytes: parseKilobytes(values.valueKilobytes),
    hideRefused: values.hideRefused === true,
    backends: backendConfig(values),
    ownerEmail: parseEmail(text("ownerEmail") ?? ""),
    logLevel: level,
    auditHeadFile: text("auditHeadFile"),
    auditKeptMs: measured("audit.keep", "a number of days like 400d", parseDays(text("auditKeep") ?? "")),
    auditArchive: text("auditArchive"),
    storageReserve: measured(
      "storage.reserve",
      "a size like 256MiB, or 0",
      parseBytes(text("storageReserve") ?? ""),
    ),
    drainMs: parseDrain(values.drainSeconds),
    workers: workersOf(values),
    metricsListen: parseMetricsListen(text("metricsListen")),
  };
}

function parseDrain(value: Value): number {
  const seconds = limitOf(value) ?? 0;
  if (seconds >= 1 && seconds <= limits.drainSecondsMax) return seconds * 1_000;
  throw new ConfigError(`server.drainSeconds must be a whole number from 1 to ${limits.drainSecondsMax}.`);
}

function rootPassphraseOf(file: string | null, text: string | null, ask: boolean): Config["rootPassphrase"] {
  const given = [file === null ? null : { file }, text === null ? null : { text }, ask ? { ask } : null];
  const [first = null, ...more] = given.filter((one) => one !== null);
  if (more.length > 0) {
    throw new ConfigError(
      "Give the root passphrase once: a file, COFFER_ROOT_PASSPHRASE or --ask-root-passphrase.",
    );
  }
  return first;
}

/** More processes than any machine has cores are a mistake. */
const workersMax = 128;

function workersOf({ workers, database, askRootPassphrase }: Values): number {
  const count = typeof workers === "number" ? workers : 0;
  if (count < 1 || count > workersMax) {
    throw new ConfigError(`server.workers must be a whole number from 1 to ${workersMax}.`);
  }
  if (count > 1 && database === null) {
    throw new ConfigError("server.workers is for PostgreSQL: the embedded database belongs to one process.");
  }
  if (count > 1 && askRootPassphrase === true) {
    throw new ConfigError("With several workers the passphrase comes from a file or COFFER_ROOT_PASSPHRASE.");
  }
  return count;
}

function parseMetricsListen(text: string | null): Config["metricsListen"] {
  return text === null ? null : parseListen(text, "metrics.listen", "127.0.0.1:9464");
}

function parseListen(text: string, key = "listen", like = "127.0.0.1:8200"): Config["listen"] {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || match[1] === undefined || port > 65_535) {
    throw new ConfigError(`${key} must be HOST:PORT, like ${like}.`);
  }
  return { host: match[1].replace(/^\[|\]$/g, ""), port };
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function limitOf(value: Value): number | null {
  return typeof value === "number" ? value : null;
}

function parseKilobytes(value: Value): number {
  const kilobytes = limitOf(value) ?? 0;
  if (kilobytes >= 1 && kilobytes <= limits.valueKilobytesMax) return kilobytes;
  throw new ConfigError(
    `buildkite.valueKilobytes must be a whole number from 1 to ${limits.valueKilobytesMax}.`,
  );
}

function parseDatabase(text: string | null): string | null {
  // The text may hold a password, so it is not repeated.
  if (text !== null && !/^postgres(ql)?:\/\//.test(text)) {
    throw new ConfigError("database must be a URL that begins with postgres://");
  }
  try {
    if (text !== null) endpointsOf(text);
    return text;
  } catch (error) {
    throw error instanceof AddressError ? new ConfigError(`${error.message}.`) : error;
  }
}

function parsePublicUrl(text: string | null, tls: TlsSettings | null): string | null {
  if (text === null) return null;
  if (!URL.canParse(text) || !/^https?:\/\//.test(text))
    throw new ConfigError("publicUrl must be an http or https URL.");
  if (tls !== null && !text.startsWith("https:"))
    throw new ConfigError("publicUrl must begin with https:// where the server does TLS.");
  return text.replace(/\/+$/, "");
}

function parseProxies(value: Value): readonly Network[] {
  const texts = Array.isArray(value) ? value : [];
  if (texts.length > limits.networksMax) {
    throw new ConfigError(`server.trustedProxies must have at most ${limits.networksMax} entries.`);
  }
  return texts.map((text) => {
    const network = parseNetwork(text);
    // With all of them trusted, every client could say that it is another one.
    if (network !== null && network.prefix > 0) return network;
    throw new ConfigError(
      `server.trustedProxies: "${text}" is no address or network of proxies. Write 10.1.2.3 or 10.1.2.0/24.`,
    );
  });
}

function parseTrustRules(hosts: Value, files: Value): WorkloadRules {
  const allowedHosts = Array.isArray(hosts) ? hosts : [];
  const keyFiles = Array.isArray(files) ? files : [];
  for (const host of allowedHosts) {
    if (/^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?$/.test(host)) continue;
    throw new ConfigError(`trusts.allowedHosts: "${host}" is no HOST or HOST:PORT in lower case.`);
  }
  for (const file of keyFiles) {
    if (!isAbsolute(file)) throw new ConfigError(`trusts.keyFiles: "${file}" is not an absolute path.`);
  }
  return { allowedHosts, keyFiles };
}

function parseServiceNames(value: Value): readonly string[] {
  const names = Array.isArray(value) ? value : [];
  if (names.length > limits.serviceNamesMax) {
    throw new ConfigError(`services.names must have at most ${limits.serviceNamesMax} entries.`);
  }
  for (const name of names) {
    if (/^[a-z0-9][a-z0-9_.-]*$/.test(name) && name.length <= limits.consumerCharactersMax) continue;
    throw new ConfigError(`services.names: "${name}" must be lower-case letters, digits and inner . _ -`);
  }
  return names;
}

function parseNamespaces(value: Value): ReadonlyMap<string, string> {
  const texts = Array.isArray(value) ? value : [];
  const namespaces = texts.map((text) => {
    // As Grafana names them: `default` is its first organization.
    const match = /^(org-(?:[2-9]|[1-9]\d{1,9})|stacks-[1-9]\d{0,9})=([a-z0-9-]{1,63})$/.exec(text);
    if (match?.[1] !== undefined && match[2] !== undefined) return [match[1], match[2]] as const;
    throw new ConfigError(`grafana.namespaces: "${text}" must be like stacks-12=STORE or org-2=STORE.`);
  });
  const map = new Map(namespaces);
  if (map.size < namespaces.length)
    throw new ConfigError("grafana.namespaces must name each namespace once.");
  return map;
}

function measured(key: string, form: string, value: number | null): number {
  if (value === null) throw new ConfigError(`${key} must be ${form}.`);
  return value;
}

function parseEmail(text: string): string {
  if (!isEmail(text)) throw new ConfigError("ownerEmail must be an e-mail address in ASCII.");
  return text;
}
