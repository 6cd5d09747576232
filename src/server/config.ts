// The configuration: defaults < coffer.yaml < COFFER_* < flags, read once into one frozen object.
// One table names every key; whatever is not in it is an error that names the nearest.
import { readFileSync } from "node:fs";
import { isAbsolute } from "node:path";
import { parse } from "yaml";
import { type Network, parseNetwork } from "../core/addresses.ts";
import { limits } from "../core/limits.ts";
import { nearest } from "../core/nearest.ts";
import { isEmail } from "../core/people/person.ts";
import type { WorkloadRules } from "../core/trusts/rules.ts";
import { parseBytes, parseDays } from "./measures.ts";

export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

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
  readonly publicUrl: string | null;
  /** Whose word about the client's address is taken; see http/client-address.ts. */
  readonly trustedProxies: readonly Network[];
  /** In a minute; null: without limit. */
  readonly requestsPerToken: number | null;
  /** Which private hosts and files trusts may take keys from. */
  readonly trusts: WorkloadRules;
  readonly ownerEmail: string;
  readonly logLevel: LogLevel;
  /** Where signed audit heads are appended as well, one line each. */
  readonly auditHeadFile: string | null;
  /** How old audit entries become at least. Null archive: they are never removed. */
  readonly auditKeptMs: number;
  readonly auditArchive: string | null;
  /** Free bytes in the data folder below which nothing new is taken; 0: never. */
  readonly storageReserve: number;
}

/** What `coffer serve` and its kin take as flags; all optional. */
export interface ServeFlags {
  readonly data?: string;
  readonly listen?: string;
  readonly insecureHttp?: boolean;
  readonly database?: string;
  readonly rootKey?: string;
  readonly publicUrl?: string;
  readonly trustedProxies?: string;
  readonly ownerEmail?: string;
  readonly logLevel?: string;
  readonly auditArchive?: string;
  readonly config?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;
type Flag = keyof Omit<ServeFlags, "config">;

/** A list is written with commas in flags and variables, and as a list in the file. */
type Value = string | boolean | number | readonly string[] | null;

interface Key {
  /** Where it stands in coffer.yaml; null: not there. */
  readonly file: string | null;
  readonly env: string;
  readonly flag: Flag | null;
  readonly kind: "text" | "yes or no" | "list" | "number";
  readonly otherwise: Value;
}

const keys = {
  data: { file: "data", env: "COFFER_DATA", flag: "data", kind: "text", otherwise: "./coffer-data" },
  listen: { file: "listen", env: "COFFER_LISTEN", flag: "listen", kind: "text", otherwise: "127.0.0.1:8200" },
  insecureHttp: {
    file: "insecureHttp",
    env: "COFFER_INSECURE_HTTP",
    flag: "insecureHttp",
    kind: "yes or no",
    otherwise: false,
  },
  database: { file: "database", env: "COFFER_DATABASE", flag: "database", kind: "text", otherwise: null },
  rootKeyFile: {
    file: "rootKey.file",
    env: "COFFER_ROOT_KEY_FILE",
    flag: "rootKey",
    kind: "text",
    otherwise: null,
  },
  rootKeyText: { file: null, env: "COFFER_ROOT_KEY", flag: null, kind: "text", otherwise: null },
  publicUrl: {
    file: "publicUrl",
    env: "COFFER_PUBLIC_URL",
    flag: "publicUrl",
    kind: "text",
    otherwise: null,
  },
  trustedProxies: {
    file: "server.trustedProxies",
    env: "COFFER_TRUSTED_PROXIES",
    flag: "trustedProxies",
    kind: "list",
    otherwise: [],
  },
  requestsPerToken: {
    file: "rateLimit.perToken",
    env: "COFFER_RATE_LIMIT_PER_TOKEN",
    flag: null,
    kind: "number",
    otherwise: null,
  },
  trustHosts: {
    file: "trusts.allowedHosts",
    env: "COFFER_TRUSTS_ALLOWED_HOSTS",
    flag: null,
    kind: "list",
    otherwise: [],
  },
  trustFiles: {
    file: "trusts.keyFiles",
    env: "COFFER_TRUSTS_KEY_FILES",
    flag: null,
    kind: "list",
    otherwise: [],
  },
  ownerEmail: {
    file: "ownerEmail",
    env: "COFFER_OWNER_EMAIL",
    flag: "ownerEmail",
    kind: "text",
    otherwise: "owner@localhost",
  },
  logLevel: { file: "log.level", env: "COFFER_LOG_LEVEL", flag: "logLevel", kind: "text", otherwise: "info" },
  auditHeadFile: {
    file: "audit.headFile",
    env: "COFFER_AUDIT_HEAD_FILE",
    flag: null,
    kind: "text",
    otherwise: null,
  },
  auditKeep: { file: "audit.keep", env: "COFFER_AUDIT_KEEP", flag: null, kind: "text", otherwise: "400d" },
  auditArchive: {
    file: "audit.archive",
    env: "COFFER_AUDIT_ARCHIVE",
    flag: "auditArchive",
    kind: "text",
    otherwise: null,
  },
  storageReserve: {
    file: "storage.reserve",
    env: "COFFER_STORAGE_RESERVE",
    flag: null,
    kind: "text",
    otherwise: "256MiB",
  },
} as const satisfies Record<string, Key>;

type Values = Record<keyof typeof keys, Value>;

/** Read by the CLI or by tests, not by the server; no reason to warn of them. */
const otherVariables = /^COFFER_(CONFIG|URL|TOKEN|ORG|STORE|TEST_.*|CI_.*)$/;

export function loadConfig(
  flags: ServeFlags,
  env: Environment = process.env,
): { readonly config: Config; readonly warnings: readonly string[] } {
  const file = flags.config ?? env.COFFER_CONFIG;
  const layers = [file === undefined ? {} : readConfigFile(file), environmentLayer(env), flagLayer(flags)];
  const values: Values = { ...defaults(), ...layers[0], ...layers[1], ...layers[2] };
  return { config: Object.freeze(check(values)), warnings: unknownVariables(env) };
}

function defaults(): Values {
  const entries = Object.entries(keys).map(([name, { otherwise }]) => [name, otherwise]);
  return Object.fromEntries(entries) as Values; // each key of the table, and no other
}

function* table(): Generator<[keyof typeof keys, Key]> {
  for (const name of Object.keys(keys) as (keyof typeof keys)[]) yield [name, keys[name]];
}

function readConfigFile(path: string): Partial<Values> {
  let document: unknown;
  try {
    document = parse(readFileSync(path, "utf8"), { uniqueKeys: true, maxAliasCount: 0 });
  } catch (cause) {
    const reason =
      cause instanceof Error && "code" in cause && cause.code === "ENOENT"
        ? "is not there"
        : "is not valid YAML";
    throw new ConfigError(`The configuration file ${path} ${reason}.`, { cause });
  }
  const found = flatten(path, document ?? {}, "");
  const values: Partial<Values> = {};
  const known = new Map<string, keyof typeof keys>();
  for (const [name, { file }] of table()) if (file !== null) known.set(file, name);
  for (const [key, value] of found) {
    const name = known.get(key);
    if (name === undefined) throw unknownKey(`${path}: "${key}"`, nearest(key, [...known.keys()]));
    values[name] = typed(`${path}: "${key}"`, keys[name], value);
  }
  return values;
}

function flatten(path: string, value: unknown, prefix: string): Map<string, unknown> {
  const flat = new Map<string, unknown>();
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ConfigError(
      `${path}: ${prefix === "" ? "the file" : `"${prefix}"`} must hold keys and values.`,
    );
  }
  for (const [key, member] of Object.entries(value)) {
    const name = prefix === "" ? key : `${prefix}.${key}`;
    if (typeof member === "object" && member !== null && !Array.isArray(member)) {
      for (const [inner, leaf] of flatten(path, member, name)) flat.set(inner, leaf);
    } else flat.set(name, member);
  }
  return flat;
}

function environmentLayer(env: Environment): Partial<Values> {
  const values: Partial<Values> = {};
  for (const [name, key] of table()) {
    const text = env[key.env];
    if (text !== undefined) values[name] = typed(key.env, key, text);
  }
  return values;
}

function flagLayer(flags: ServeFlags): Partial<Values> {
  const values: Partial<Values> = {};
  for (const [name, key] of table()) {
    const given = key.flag === null ? undefined : flags[key.flag];
    if (given !== undefined)
      values[name] = typed(
        `--${key.flag?.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
        key,
        given,
      );
  }
  return values;
}

const kinds = {
  text: "text that is not empty",
  "yes or no": "true or false",
  list: "a list of texts",
  number: "a whole number from 1 to 1000000",
} as const;

function typed(where: string, { kind }: Key, value: unknown): NonNullable<Value> {
  if (kind === "text" && typeof value === "string" && value !== "") return value;
  if (kind === "yes or no") {
    if (typeof value === "boolean") return value;
    if (value === "true" || value === "1") return true;
    if (value === "false" || value === "0") return false;
  }
  if (kind === "number") {
    const number = typeof value === "string" && /^\d{1,7}$/.test(value) ? Number(value) : value;
    if (typeof number === "number" && Number.isInteger(number) && number >= 1 && number <= 1_000_000)
      return number;
  }
  if (kind === "list") {
    const items: readonly unknown[] | null =
      typeof value === "string"
        ? value.split(",").map((item) => item.trim())
        : Array.isArray(value)
          ? value
          : null;
    if (items?.every((item) => typeof item === "string")) return items;
  }
  throw new ConfigError(`${where} must be ${kinds[kind]}.`);
}

function unknownVariables(env: Environment): string[] {
  const known = [...table()].map(([, key]) => key.env);
  return Object.keys(env)
    .filter((name) => name.startsWith("COFFER_") && !known.includes(name) && !otherVariables.test(name))
    .map((name) => `${name} is not a variable of this server; the nearest is ${nearest(name, known)}.`);
}

function unknownKey(what: string, suggestion: string): ConfigError {
  return new ConfigError(`${what} is not a key of the configuration. Did you mean "${suggestion}"?`);
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
  if (!isLoopback(listen.host) && !insecureHttp) {
    throw new ConfigError(
      `Others can reach ${listen.host}, and open http would show them every value. ` +
        "Listen on 127.0.0.1 behind a proxy that does TLS, or say --insecure-http.",
    );
  }
  return {
    data: text("data") ?? "./coffer-data",
    listen,
    insecureHttp,
    database: parseDatabase(text("database")),
    rootKeyFile: text("rootKeyFile"),
    rootKeyText: text("rootKeyText"),
    publicUrl: parsePublicUrl(text("publicUrl")),
    trustedProxies: parseProxies(values.trustedProxies),
    requestsPerToken: typeof values.requestsPerToken === "number" ? values.requestsPerToken : null,
    trusts: parseTrustRules(values.trustHosts, values.trustFiles),
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
  };
}

function parseListen(text: string): Config["listen"] {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || match[1] === undefined || port > 65_535) {
    throw new ConfigError("listen must be HOST:PORT, like 127.0.0.1:8200.");
  }
  return { host: match[1].replace(/^\[|\]$/g, ""), port };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function parseDatabase(text: string | null): string | null {
  if (text === null || /^postgres(ql)?:\/\//.test(text)) return text;
  // The text may hold a password, so it is not repeated.
  throw new ConfigError("database must be a URL that begins with postgres://");
}

function parsePublicUrl(text: string | null): string | null {
  if (text === null) return null;
  if (!URL.canParse(text) || !/^https?:\/\//.test(text))
    throw new ConfigError("publicUrl must be an http or https URL.");
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

function measured(key: string, form: string, value: number | null): number {
  if (value === null) throw new ConfigError(`${key} must be ${form}.`);
  return value;
}

function parseEmail(text: string): string {
  if (!isEmail(text)) throw new ConfigError("ownerEmail must be an e-mail address in ASCII.");
  return text;
}
