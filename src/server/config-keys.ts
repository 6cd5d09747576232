// Every key of the configuration: where it may be written, of what kind it is, and what holds without it.
// What a value means is for config.ts to say.

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
  readonly rootProvider?: string;
  readonly rootRecord?: string;
  readonly publicUrl?: string;
  readonly tls?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsNames?: string;
  readonly trustedProxies?: string;
  readonly ownerEmail?: string;
  readonly logLevel?: string;
  readonly auditArchive?: string;
  readonly workers?: string;
  readonly config?: string;
}

type Flag = keyof Omit<ServeFlags, "config">;

/** A list is written with commas in flags and variables, and as a list in the file. */
export type Value = string | boolean | number | readonly string[] | null;

export interface Key {
  /** Where it stands in coffer.yaml; null: not there. */
  readonly file: string | null;
  readonly env: string;
  readonly flag: Flag | null;
  /** Settings are names with values, as a list of NAME=VALUE; in the file they are keys below the key. */
  readonly kind: "text" | "yes or no" | "list" | "number" | "decimal" | "settings" | "entries";
  readonly otherwise: Value;
}

export const keys = {
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
  rootProvider: {
    file: "rootKey.provider",
    env: "COFFER_ROOT_PROVIDER",
    flag: "rootProvider",
    kind: "settings",
    otherwise: null,
  },
  olderRootProvider: {
    file: "rootKey.olderProvider",
    env: "COFFER_ROOT_OLDER_PROVIDER",
    flag: null,
    kind: "settings",
    otherwise: null,
  },
  rootProviderSecret: {
    file: null,
    env: "COFFER_ROOT_PROVIDER_SECRET",
    flag: null,
    kind: "text",
    otherwise: null,
  },
  rootRecord: {
    file: "rootKey.record",
    env: "COFFER_ROOT_RECORD",
    flag: "rootRecord",
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
  drainSeconds: {
    file: "server.drainSeconds",
    env: "COFFER_DRAIN_SECONDS",
    flag: null,
    kind: "number",
    otherwise: 10,
  },
  metricsListen: {
    file: "metrics.listen",
    env: "COFFER_METRICS_LISTEN",
    flag: null,
    kind: "text",
    otherwise: null,
  },
  backends: { file: "backends", env: "COFFER_BACKENDS", flag: null, kind: "entries", otherwise: null },
  defaultBackend: {
    file: "defaultBackend",
    env: "COFFER_DEFAULT_BACKEND",
    flag: null,
    kind: "text",
    otherwise: "embedded",
  },
  reconcilerPeriod: {
    file: "reconciler.periodSeconds",
    env: "COFFER_RECONCILER_PERIOD_SECONDS",
    flag: null,
    kind: "decimal",
    otherwise: 30,
  },
  reconcilerLease: {
    file: "reconciler.leaseSeconds",
    env: "COFFER_RECONCILER_LEASE_SECONDS",
    flag: null,
    kind: "decimal",
    otherwise: 60,
  },
  sweepPeriod: {
    file: "reconciler.sweepPeriodSeconds",
    env: "COFFER_RECONCILER_SWEEP_PERIOD_SECONDS",
    flag: null,
    kind: "decimal",
    otherwise: 86_400,
  },
  orphanAge: {
    file: "reconciler.orphanAgeSeconds",
    env: "COFFER_RECONCILER_ORPHAN_AGE_SECONDS",
    flag: null,
    kind: "decimal",
    otherwise: 86_400,
  },
  sweepMaxShare: {
    file: "reconciler.sweepMaxShare",
    env: "COFFER_RECONCILER_SWEEP_MAX_SHARE",
    flag: null,
    kind: "decimal",
    otherwise: 0.05,
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
  workers: { file: "server.workers", env: "COFFER_WORKERS", flag: "workers", kind: "number", otherwise: 1 },
  storageReserve: {
    file: "storage.reserve",
    env: "COFFER_STORAGE_RESERVE",
    flag: null,
    kind: "text",
    otherwise: "256MiB",
  },
} as const satisfies Record<string, Key>;

export type Values = Record<keyof typeof keys, Value>;
