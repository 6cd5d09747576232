// Who sent a request: the socket's peer, unless that is a proxy which the operator trusts. Then it is
// the right-most hop that is not such a proxy, because only what trusted proxies appended is known;
// whatever stands left of it the client may have written himself, and it is never looked at.
// A hop that has to be believed and cannot be read refuses the request: a guess would let a client
// past an allowlist or out of a count.
import { type Address, addressText, covers, type Network, parseAddress } from "../core/addresses.ts";
import { type CofferError, invalid } from "../core/errors.ts";

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** More proxies than this, one behind the other, are a loop or a lie. */
const hopsMax = 16;

/** `peer`: as the system names it; undefined where the socket is gone already. */
export function clientAddress(
  peer: string | undefined,
  headers: Headers,
  trusted: readonly Network[],
): string | null {
  const text = peerText(peer);
  // The usual case, on the way of every request: no header is looked at, nothing is parsed.
  if (trusted.length === 0 || text === null) return text;
  const address = parseAddress(text);
  if (address === null || !covers(trusted, address)) return text;
  const named = new Set<string>();
  for (const [header, hopsOf] of [
    ["x-forwarded-for", listedHops],
    ["forwarded", forwardedHops],
  ] as const) {
    const given = headers[header];
    if (given === undefined) continue;
    // Repeated headers are one list, in the order in which they came.
    const value = typeof given === "string" ? given : given.join(", ");
    if (value.trim() === "") continue;
    named.add(addressText(firstUntrusted(header, hopsOf(header, value), address, trusted)));
  }
  // Proxies write one of the two and pass the other on as the client sent it.
  if (named.size > 1) throw invalid("forwarded", "names another client than x-forwarded-for does");
  const [client = addressText(address)] = named;
  return client;
}

/** In the form that addressText has; the system's own is the same but for mapped addresses and zones. */
function peerText(address: string | undefined): string | null {
  if (address === undefined) return null;
  if (!address.includes(":")) return address;
  if (address.startsWith("::ffff:") && address.includes(".")) return address.slice("::ffff:".length);
  const zone = address.indexOf("%");
  return zone < 0 ? address : address.slice(0, zone);
}

/** From the right. Where all are trusted, the left-most is the client: a proxy may be one too. */
function firstUntrusted(
  header: string,
  hops: Iterable<string>,
  peer: Address,
  trusted: readonly Network[],
): Address {
  let client = peer;
  let count = 0;
  for (const hop of hops) {
    count += 1;
    if (count > hopsMax) throw invalid(header, `must have at most ${hopsMax} proxies`, { limit: hopsMax });
    const address = parseAddress(withoutPort(hop));
    if (address === null) throw unreadable(header);
    client = address;
    if (!covers(trusted, address)) break;
  }
  return client;
}

function unreadable(header: string): CofferError {
  return invalid(header, "holds a hop that is not an address");
}

const withPort = /^(?:\[([^[\]]+)\]|([^:]+))(?::\d{1,5})?$/;

/** `192.0.2.7:443`, `[2001:db8::1]`, `[2001:db8::1]:443`; a bare IPv6 address stays as it is. */
function withoutPort(hop: string): string {
  const match = withPort.exec(hop);
  return match?.[1] ?? match?.[2] ?? hop;
}

/** The hops of X-Forwarded-For from the right, each only when it is asked for. */
function* listedHops(_header: string, value: string): Generator<string> {
  for (let end = value.length; end >= 0; ) {
    const comma = end === 0 ? -1 : value.lastIndexOf(",", end - 1);
    yield value.slice(comma + 1, end).trim();
    end = comma;
  }
}

/** One `name=value` of RFC 7239, and what ends it: the next of the same hop, the next hop, or nothing. */
const pair = /[ \t]*([\w!#$%&'*+.^`|~-]+)=(?:([\w!#$%&'*+.^`|~-]+)|"((?:[^"\\]|\\.)*)")[ \t]*(;|,|$)/y;

/**
 * The hops of Forwarded from the right. It is read from the left, whole: a comma within quotes is part
 * of a value, and who splits there lets a client's Host header make up a hop.
 */
function forwardedHops(header: string, value: string): readonly string[] {
  const hops: string[] = [];
  let hop: string | null = null;
  pair.lastIndex = 0;
  for (let end = ";"; end !== ""; ) {
    const match = pair.exec(value);
    if (match === null) throw unreadable(header);
    const [, name = "", token, quoted = ""] = match;
    end = match[4] ?? "";
    if (name.toLowerCase() === "for") {
      if (hop !== null) throw unreadable(header);
      hop = token ?? quoted.replaceAll(/\\(.)/g, "$1");
    }
    if (end === ";") continue;
    // A proxy that does not say for whom; it is refused if it is to be believed.
    hops.push(hop ?? "");
    hop = null;
  }
  return hops.reverse();
}
