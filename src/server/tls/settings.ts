// What the configuration says of TLS: nothing, a certificate authority of the server's own, or files.
import { ConfigError, type Value } from "../config-layers.ts";
import { hostNamesMax, parseHostName } from "./names.ts";

/** `auto` vouches for what the configuration says the server is reached by, and for these names. */
export type TlsSettings =
  | { readonly mode: "auto"; readonly names: readonly string[] }
  | { readonly mode: "files"; readonly cert: string; readonly key: string };

/** Null: plain http. */
export function tlsSettings(
  mode: string | null,
  cert: string | null,
  key: string | null,
  names: Value,
): TlsSettings | null {
  const more = namesOf(names);
  if (mode !== null && mode !== "auto") {
    throw new ConfigError(
      "tls.mode can only be auto; for a certificate of your own give tls.cert and tls.key.",
    );
  }
  if (cert === null && key === null) {
    if (mode === "auto") return { mode, names: more };
    if (more.length > 0) throw new ConfigError("tls.names are for --tls auto.");
    return null;
  }
  if (mode !== null || more.length > 0) {
    throw new ConfigError("Give --tls auto or a certificate of your own, not both.");
  }
  if (cert === null || key === null) {
    throw new ConfigError("A certificate of your own is two files: give --tls-cert and --tls-key.");
  }
  return { mode: "files", cert, key };
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
