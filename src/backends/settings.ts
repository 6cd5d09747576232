// One entry of `backends:` in coffer.yaml. Every key is known and every value is checked here, so that what
// is wrong is said at the start and not by the first write.
import { invalid } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import type { Patience } from "./attempts.ts";

export type Payload = "sealed" | "native";

interface Common {
  readonly payload: Payload;
  readonly patience: Patience;
}

export interface AwsSettings extends Common {
  readonly kind: "aws-secrets-manager";
  readonly region: string;
  /** Null: AWS' own of the region. */
  readonly endpoint: string | null;
  /** Null: what is deleted is gone at once. */
  readonly recoveryWindowDays: number | null;
}

export interface VaultSettings extends Common {
  readonly kind: "vault-kv2";
  readonly address: string;
  readonly mount: string;
  readonly namespace: string | null;
  readonly login: VaultLogin;
}

export type VaultLogin =
  | { readonly tokenFile: string }
  | { readonly mount: string; readonly roleId: string; readonly secretIdFile: string };

export type BackendSettings = AwsSettings | VaultSettings;

type Entry = Readonly<Record<string, unknown>>;

const commonKeys = ["kind", "payload", "attemptTimeoutSeconds", "operationTimeoutSeconds"];
const keysOf = {
  "aws-secrets-manager": [...commonKeys, "region", "endpoint", "recoveryWindowDays"],
  "vault-kv2": [...commonKeys, "address", "mount", "namespace", "token", "appRole"],
} as const;
export const backendKinds = Object.keys(keysOf) as readonly BackendSettings["kind"][];

/** Tests and fast networks want short ones; people do not wait for longer ones. */
const secondsMin = 0.05;
const secondsMax = 60;
const patienceOtherwise = { attemptSeconds: 5, operationSeconds: 15 };

export function parseBackendSettings(name: string, value: unknown): BackendSettings {
  const at = `backends.${name}`;
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(name) || name === "embedded") {
    throw invalid(at, "must be named by at most 32 lower-case letters, digits and hyphens, not embedded");
  }
  const entry = entryOf(at, value);
  const kind = oneOf(`${at}.kind`, entry.kind, backendKinds);
  refuseUnknown(at, entry, keysOf[kind]);
  const common: Common = {
    payload: oneOf(`${at}.payload`, entry.payload ?? "sealed", ["sealed", "native"]),
    patience: patienceOf(at, entry),
  };
  return kind === "vault-kv2"
    ? { kind, ...common, ...vaultOf(at, entry) }
    : { kind, ...common, ...awsOf(at, entry) };
}

/** As it may stand in the file; it names the files of what is secret, and nothing secret. */
export function writtenSettings(settings: BackendSettings): Entry {
  const { kind, payload, patience } = settings;
  const seconds = {
    attemptTimeoutSeconds: patience.attemptMs / 1000,
    operationTimeoutSeconds: patience.operationMs / 1000,
  };
  const given = (entry: Entry) => Object.entries(entry).filter(([, value]) => value !== null);
  if (kind === "aws-secrets-manager") {
    const { region, endpoint, recoveryWindowDays } = settings;
    return {
      kind,
      payload,
      ...Object.fromEntries(given({ region, endpoint, recoveryWindowDays })),
      ...seconds,
    };
  }
  const { address, mount, namespace, login } = settings;
  const place = Object.fromEntries(given({ address, mount, namespace }));
  return { kind, payload, ...place, ...writtenLogin(login), ...seconds };
}

function writtenLogin(login: VaultLogin): Entry {
  if ("tokenFile" in login) return { token: { file: login.tokenFile } };
  const { mount, roleId, secretIdFile } = login;
  return { appRole: { mount, roleId, secretId: { file: secretIdFile } } };
}

function awsOf(at: string, entry: Entry): Omit<AwsSettings, "kind" | keyof Common> {
  const window = entry.recoveryWindowDays ?? null;
  return {
    region: matching(`${at}.region`, entry.region, /^[a-z0-9-]{1,32}$/, "a region like eu-central-1"),
    endpoint: entry.endpoint === undefined ? null : urlOf(`${at}.endpoint`, entry.endpoint),
    recoveryWindowDays: window === null ? null : daysOf(`${at}.recoveryWindowDays`, window),
  };
}

const pathForm = /^(?!.*(?:^|\/)\.\.?(?:\/|$))[\w.-]+(?:\/[\w.-]+)*$/;
const pathHint = "a path like secret, without slashes at its ends";

function vaultOf(at: string, entry: Entry): Omit<VaultSettings, "kind" | keyof Common> {
  return {
    address: urlOf(`${at}.address`, entry.address),
    mount: matching(`${at}.mount`, entry.mount ?? "secret", pathForm, pathHint),
    namespace:
      entry.namespace === undefined ? null : matching(`${at}.namespace`, entry.namespace, pathForm, pathHint),
    login: loginOf(at, entry),
  };
}

function loginOf(at: string, { token, appRole }: Entry): VaultLogin {
  if ((token === undefined) === (appRole === undefined)) {
    throw invalid(at, "must have either token: { file } or appRole: { roleId, secretId: { file } }");
  }
  if (token !== undefined) return { tokenFile: fileOf(`${at}.token`, token) };
  const role = entryOf(`${at}.appRole`, appRole);
  refuseUnknown(`${at}.appRole`, role, ["mount", "roleId", "secretId"]);
  return {
    mount: matching(`${at}.appRole.mount`, role.mount ?? "approle", pathForm, pathHint),
    roleId: matching(`${at}.appRole.roleId`, role.roleId, /^[\x21-\x7e]{1,256}$/, "the id of a role"),
    secretIdFile: fileOf(`${at}.appRole.secretId`, role.secretId),
  };
}

/** What is secret stands in a file of its own: configuration is copied about. */
function fileOf(at: string, value: unknown): string {
  const entry = entryOf(at, value);
  refuseUnknown(at, entry, ["file"]);
  return matching(`${at}.file`, entry.file, /^[^\0]+$/, "a path");
}

function patienceOf(at: string, entry: Entry): Patience {
  const attempt = entry.attemptTimeoutSeconds ?? patienceOtherwise.attemptSeconds;
  const operation = entry.operationTimeoutSeconds ?? patienceOtherwise.operationSeconds;
  const attemptSeconds = within(`${at}.attemptTimeoutSeconds`, attempt, secondsMin, secondsMax);
  const operationSeconds = within(`${at}.operationTimeoutSeconds`, operation, secondsMin, secondsMax);
  if (operationSeconds < attemptSeconds) {
    throw invalid(`${at}.operationTimeoutSeconds`, "must not be shorter than one attempt");
  }
  return { attemptMs: attemptSeconds * 1000, operationMs: operationSeconds * 1000 };
}

/** Tokens and values travel there: in the clear only where nobody else can listen. */
function urlOf(at: string, value: unknown): string {
  const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : null;
  const plain = url !== null && url.pathname === "/" && `${url.origin}/` === url.href;
  if (url === null || !plain || !/^https?:$/.test(url.protocol)) {
    throw invalid(at, "must be a URL like https://vault.example.org:8200, without a path");
  }
  const local = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol === "http:" && !local) {
    throw invalid(at, "must begin with https://; only this machine itself is reached by http://");
  }
  return url.origin;
}

function entryOf(at: string, value: unknown): Entry {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Entry; // by its keys
  throw invalid(at, "must hold keys and values");
}

function refuseUnknown(at: string, entry: Entry, known: readonly string[]): void {
  const unknown = Object.keys(entry).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const meant = nearest(unknown, known);
  throw invalid(`${at}.${unknown}`, `is not a key there; the nearest is "${meant}"`, { nearest: meant });
}

function oneOf<T extends string>(at: string, value: unknown, known: readonly T[]): T {
  const found = known.find((one) => one === value);
  if (found === undefined) throw invalid(at, `must be one of ${known.join(", ")}`, { allowed: known });
  return found;
}

function matching(at: string, value: unknown, form: RegExp, hint: string): string {
  if (typeof value === "string" && form.test(value)) return value;
  throw invalid(at, `must be ${hint}`);
}

/** As AWS bounds it. */
function daysOf(at: string, value: unknown): number {
  const days = within(at, value, 7, 30);
  if (Number.isInteger(days)) return days;
  throw invalid(at, "must be a whole number of days");
}

function within(at: string, value: unknown, min: number, max: number): number {
  if (typeof value === "number" && value >= min && value <= max) return value;
  throw invalid(at, `must be a number from ${min} to ${max}`);
}
