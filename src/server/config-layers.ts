// Where the configuration is written: the file, the variables, the flags. One table names every key;
// whatever is not in it is an error that names the nearest. It knows what kind each value is of, not
// what it means.
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { nearest } from "../core/nearest.ts";

export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** What `coffer serve` and its kin take as flags; all optional. */
export interface ServeFlags {
  readonly data?: string;
  readonly listen?: string;
  readonly insecureHttp?: boolean;
  readonly database?: string;
  readonly rootKey?: string;
  readonly rootPassphraseFile?: string;
  readonly askRootPassphrase?: boolean;
  readonly rootPassphraseRecord?: string;
  readonly publicUrl?: string;
  readonly tls?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsNames?: string;
  readonly trustedProxies?: string;
  readonly ownerEmail?: string;
  readonly logLevel?: string;
  readonly auditArchive?: string;
  readonly config?: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;
type Flag = keyof Omit<ServeFlags, "config">;

/** A list is written with commas in flags and variables, and as a list in the file. */
export type Value = string | boolean | number | readonly string[] | null;

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
  rootPassphraseFile: {
    file: "rootKey.passphraseFile",
    env: "COFFER_ROOT_PASSPHRASE_FILE",
    flag: "rootPassphraseFile",
    kind: "text",
    otherwise: null,
  },
  rootPassphraseText: {
    file: null,
    env: "COFFER_ROOT_PASSPHRASE",
    flag: null,
    kind: "text",
    otherwise: null,
  },
  askRootPassphrase: {
    file: "rootKey.askPassphrase",
    env: "COFFER_ASK_ROOT_PASSPHRASE",
    flag: "askRootPassphrase",
    kind: "yes or no",
    otherwise: false,
  },
  rootPassphraseRecord: {
    file: "rootKey.passphraseRecord",
    env: "COFFER_ROOT_PASSPHRASE_RECORD",
    flag: "rootPassphraseRecord",
    kind: "text",
    otherwise: null,
  },
  publicUrl: {
    file: "publicUrl",
    env: "COFFER_PUBLIC_URL",
    flag: "publicUrl",
    kind: "text",
    otherwise: null,
  },
  tlsMode: { file: "tls.mode", env: "COFFER_TLS", flag: "tls", kind: "text", otherwise: null },
  tlsCert: { file: "tls.cert", env: "COFFER_TLS_CERT", flag: "tlsCert", kind: "text", otherwise: null },
  tlsKey: { file: "tls.key", env: "COFFER_TLS_KEY", flag: "tlsKey", kind: "text", otherwise: null },
  tlsNames: { file: "tls.names", env: "COFFER_TLS_NAMES", flag: "tlsNames", kind: "list", otherwise: [] },
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
  requestsPerOrganization: {
    file: "rateLimit.perOrganization",
    env: "COFFER_RATE_LIMIT_PER_ORGANIZATION",
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
  serviceNames: {
    file: "services.names",
    env: "COFFER_SERVICES_NAMES",
    flag: null,
    kind: "list",
    otherwise: [],
  },
  namespaces: {
    file: "grafana.namespaces",
    env: "COFFER_GRAFANA_NAMESPACES",
    flag: null,
    kind: "list",
    otherwise: [],
  },
  valueKilobytes: {
    file: "buildkite.valueKilobytes",
    env: "COFFER_BUILDKITE_VALUE_KILOBYTES",
    flag: null,
    kind: "number",
    otherwise: 8,
  },
  hideRefused: {
    file: "access.hideRefused",
    env: "COFFER_ACCESS_HIDE_REFUSED",
    flag: null,
    kind: "yes or no",
    otherwise: false,
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

export type Values = Record<keyof typeof keys, Value>;

/** Read by the CLI or by tests, not by the server; no reason to warn of them. */
const otherVariables = /^COFFER_(CONFIG|URL|TOKEN|CA|ORG|STORE|TEST_.*|CI_.*)$/;

export function defaults(): Values {
  const entries = Object.entries(keys).map(([name, { otherwise }]) => [name, otherwise]);
  return Object.fromEntries(entries) as Values; // each key of the table, and no other
}

function* table(): Generator<[keyof typeof keys, Key]> {
  for (const name of Object.keys(keys) as (keyof typeof keys)[]) yield [name, keys[name]];
}

export function readConfigFile(path: string): Partial<Values> {
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

export function environmentLayer(env: Environment): Partial<Values> {
  const values: Partial<Values> = {};
  for (const [name, key] of table()) {
    const text = env[key.env];
    if (text !== undefined) values[name] = typed(key.env, key, text);
  }
  return values;
}

export function flagLayer(flags: ServeFlags): Partial<Values> {
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

export function unknownVariables(env: Environment): string[] {
  const known = [...table()].map(([, key]) => key.env);
  return Object.keys(env)
    .filter((name) => name.startsWith("COFFER_") && !known.includes(name) && !otherVariables.test(name))
    .map((name) => `${name} is not a variable of this server; the nearest is ${nearest(name, known)}.`);
}

function unknownKey(what: string, suggestion: string): ConfigError {
  return new ConfigError(`${what} is not a key of the configuration. Did you mean "${suggestion}"?`);
}
