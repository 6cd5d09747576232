// The names and addresses a server is reached by, as its certificate has them: lower case, addresses
// in their one canonical form. What is no host of a certificate is refused here and nowhere else.
import { hostname, type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import { addressText, parseAddress } from "../../core/addresses.ts";
import type { Config } from "../config.ts";

export interface HostName {
  readonly kind: "dns" | "ip";
  readonly text: string;
}

/** That are configured, or guessed: far more than one server has. Each is in every handshake. */
export const hostNamesMax = 64;

/** There always: they also see to it that the CA is bound in both kinds of names. */
const loopback = ["localhost", "127.0.0.1", "::1"];

/** Underscores are in no host name by the book, and in many of containers. */
const label = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?";
const dnsName = new RegExp(`^(?=.{1,253}$)(?:${label}\\.)*${label}$`);

/** Null for what is neither: wildcards, ports, a dot at the end, an address with a slip in it. */
export function parseHostName(text: string): HostName | null {
  const address = parseAddress(text.replace(/^\[(.*)\]$/, "$1"));
  if (address !== null) return { kind: "ip", text: addressText(address) };
  const name = text.toLowerCase();
  return dnsName.test(name) && !/(^|\.)\d+$/.test(name) ? { kind: "dns", text: name } : null;
}

/** Listening there is listening on every address of the machine. */
export function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || /^[0:]+$/.test(host);
}

/** What the configuration says: the certificate must have all of them. */
export function configuredNames(config: Pick<Config, "listen" | "publicUrl">, more: readonly string[]) {
  const { listen, publicUrl } = config;
  const hosts = [
    ...loopback,
    ...(isWildcard(listen.host) ? [] : [listen.host]),
    ...(publicUrl === null ? [] : [new URL(publicUrl).hostname]),
    ...more,
  ];
  return unique(hosts.map((host) => parseHostName(host)));
}

/**
 * What the machine itself says, where every address of it is listened on. Such names come and go
 * (containers), so they are only taken when a CA is made anew, and are never a reason to make one.
 */
export function guessedNames(listenHost: string): readonly HostName[] {
  if (!isWildcard(listenHost)) return [];
  const addresses = interfaces()
    .filter(({ internal, address }) => !internal && !/^(fe80|169\.254)/.test(address))
    .map(({ address }) => address);
  return unique([hostname(), ...addresses].map((host) => parseHostName(host))).slice(0, hostNamesMax);
}

/** A sandbox may not let a process ask for them: then it has no addresses to guess from. */
function interfaces(): readonly NetworkInterfaceInfo[] {
  try {
    return Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  } catch {
    return [];
  }
}

export function unique(names: readonly (HostName | null)[]): readonly HostName[] {
  const known = new Map(names.flatMap((name) => (name === null ? [] : [[name.text, name] as const])));
  return [...known.values()];
}
