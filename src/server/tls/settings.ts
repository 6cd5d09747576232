// What the configuration says of TLS: nothing, a certificate authority of the server's own, or files.
import { ConfigError, type Value } from "../config-layers.ts";
import { hostNamesMax, parseHostName } from "./names.ts";

/** `auto` vouches for what the configuration says the server is reached by, and for these names. */
export type TlsSettings =
  | { readonly mode: "auto"; readonly names: readonly string[] }
  | { readonly mode: "files"; readonly cert: string; readonly key: string };

const modes = ["auto", "files", "none"] as const;

/** Null: plain http. The mode need not be said, but an environment may have one that is not the one wanted. */
export function tlsSettings(
  said: string | null,
  cert: string | null,
  key: string | null,
  names: Value,
): TlsSettings | null {
  const more = namesOf(names);
  const own = cert !== null || key !== null;
  const mode = modes.find((one) => one === (said ?? (own ? "files" : "none")));
  if (mode === undefined) {
    throw new ConfigError("tls.mode must be auto, files (for tls.cert and tls.key) or none.");
  }
  if (mode !== "files" && own) {
    throw new ConfigError(`Give --tls ${mode} or a certificate of your own, not both.`);
  }
  if (mode !== "auto" && more.length > 0) throw new ConfigError("tls.names are for --tls auto.");
  if (mode === "none") return null;
  if (mode === "auto") return { mode, names: more };
  if (cert === null || key === null) {
    throw new ConfigError("A certificate of your own is two files: give --tls-cert and --tls-key.");
  }
  return { mode, cert, key };
}

function namesOf(value: Value): readonly string[] {
  const names = Array.isArray(value) ? value : [];
  const wrong = names.find((name) => parseHostName(name) === null);
  if (wrong !== undefined) {
    throw new ConfigError(`tls.names: "${wrong}" is neither the name of a host nor an address.`);
  }
  if (names.length > hostNamesMax) {
    throw new ConfigError(`tls.names must have at most ${hostNamesMax} entries.`);
  }
  return names;
}
