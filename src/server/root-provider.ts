// What is configured of a root-key provider. It opens none. Keeps: a root key travels over https, or stays
// on this very machine; a token or a PIN is named, not written here.
import { nearest } from "../core/nearest.ts";
import {
  type ProviderKind,
  type ProviderSettings,
  pkcs11Algorithms,
  providerKinds,
} from "../crypto/roots/provider.ts";
import { ConfigError, type Value } from "./config-layers.ts";

export interface RootProviderConfig {
  readonly settings: ProviderSettings;
  /** Where the token or the PIN is; null where the provider's client finds its own. */
  readonly credential: { readonly file: string } | { readonly text: string } | null;
}

/** Which settings each kind has; those of the second list may be left out. */
const members: Readonly<Record<ProviderKind, readonly [readonly string[], readonly string[]]>> = {
  "aws-kms": [["key"], ["region", "endpoint"]],
  "vault-transit": [
    ["address", "key"],
    ["mount", "namespace", "tokenFile"],
  ],
  pkcs11: [
    ["module", "key"],
    ["tokenLabel", "tokenSerial", "algorithm", "pinFile"],
  ],
};

/** `where` is the key of the configuration; the secret is of its variable. */
export function parseRootProvider(
  where: string,
  value: Value,
  secret: string | null,
): RootProviderConfig | null {
  if (!Array.isArray(value)) {
    if (secret === null) return null;
    throw new ConfigError(`COFFER_ROOT_PROVIDER_SECRET is of no use without ${where}.`);
  }
  const given = entriesOf(where, value);
  const kind = providerKinds.find((one) => one === given.get("kind"));
  if (kind === undefined) throw new ConfigError(`${where}: kind must be one of ${providerKinds.join(", ")}.`);
  const [needed, others] = members[kind];
  const known = ["kind", ...needed, ...others];
  for (const name of given.keys()) {
    if (known.includes(name)) continue;
    throw new ConfigError(
      `${where}: "${name}" is no setting of ${kind}. Did you mean "${nearest(name, known)}"?`,
    );
  }
  const lacking = needed.find((name) => !given.has(name));
  if (lacking !== undefined) throw new ConfigError(`${where}: ${kind} needs "${lacking}".`);
  const settings = settingsOf(where, kind, (name) => given.get(name) ?? null);
  return { settings, credential: credentialOf(where, kind, given, secret) };
}

function entriesOf(where: string, texts: readonly string[]): ReadonlyMap<string, string> {
  const entries = texts.map((text) => {
    const at = text.indexOf("=");
    return [text.slice(0, at), text.slice(at + 1)] as const;
  });
  const map = new Map(entries);
  if (map.size < entries.length) throw new ConfigError(`${where} must name each setting once.`);
  return map;
}

type Read = (name: string) => string | null;

function settingsOf(where: string, kind: ProviderKind, read: Read): ProviderSettings {
  const form = (name: string, rule: string, pattern: RegExp, otherwise: string): string => {
    const text = read(name) ?? otherwise;
    if (pattern.test(text)) return text;
    throw new ConfigError(`${where}: ${name} must be ${rule}.`);
  };
  switch (kind) {
    case "aws-kms": {
      const key = form("key", "the id, ARN or alias of a key", /^[A-Za-z0-9:/_-]{1,256}$/, "");
      const ofArn = key.split(":")[3] ?? "";
      const region = form("region", "a region like eu-central-1", /^[a-z0-9-]{1,40}$/, ofArn);
      return { kind, key, region, endpoint: urlOf(where, "endpoint", read("endpoint")) };
    }
    case "vault-transit": {
      // No part of them begins with a dot, which would lead elsewhere.
      const path = /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}(\/[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}){0,8}$/;
      return {
        kind,
        address: urlOf(where, "address", read("address")) ?? "",
        mount: form("mount", "the path of a transit engine", path, "transit"),
        key: form("key", "the name of a key", /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}$/, ""),
        namespace: read("namespace") === null ? null : form("namespace", "a path", path, ""),
      };
    }
    case "pkcs11": {
      const [tokenLabel, tokenSerial] = [read("tokenLabel"), read("tokenSerial")];
      if (tokenLabel === null && tokenSerial === null) {
        throw new ConfigError(`${where}: pkcs11 needs "tokenLabel" or "tokenSerial".`);
      }
      const given = read("algorithm") ?? "aes-gcm";
      const algorithm = pkcs11Algorithms.find((one) => one === given);
      if (algorithm === undefined) {
        throw new ConfigError(`${where}: algorithm must be one of ${pkcs11Algorithms.join(", ")}.`);
      }
      const module = form("module", "an absolute path", /^\//, "");
      const key = form("key", "the label of a key", /^[^\p{Cc}]{1,128}$/u, "");
      return { kind, module, tokenLabel, tokenSerial, key, algorithm };
    }
  }
}

function urlOf(where: string, name: string, text: string | null): string | null {
  if (text === null) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  const plain =
    url !== null && url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (!plain || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new ConfigError(
      `${where}: ${name} must be a URL like https://HOST:PORT, with nothing secret in it.`,
    );
  }
  if (url.protocol === "http:" && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)) {
    throw new ConfigError(`${where}: ${name} must be https: root keys would travel in the clear.`);
  }
  return text.replace(/\/+$/, "");
}

function credentialOf(
  where: string,
  kind: ProviderKind,
  given: ReadonlyMap<string, string>,
  secret: string | null,
): RootProviderConfig["credential"] {
  if (kind === "aws-kms") {
    if (secret === null) return null;
    throw new ConfigError(
      "COFFER_ROOT_PROVIDER_SECRET is of no use with aws-kms: its client finds credentials.",
    );
  }
  const name = kind === "pkcs11" ? "pinFile" : "tokenFile";
  const file = given.get(name) ?? null;
  if (file !== null && secret !== null) {
    throw new ConfigError(`Give it once: ${where} ${name} or COFFER_ROOT_PROVIDER_SECRET.`);
  }
  if (file !== null) return { file };
  if (secret !== null) return { text: secret };
  throw new ConfigError(`${where}: ${kind} needs "${name}", or COFFER_ROOT_PROVIDER_SECRET.`);
}
