// Internet addresses and networks (CIDR): whom a token or a proxy is trusted from. Plain data, parsed
// strictly, shown in one canonical form. An IPv4 address that comes mapped into IPv6 is that IPv4 address,
// so that no list can be passed by the way an address is written.
import { invalid } from "./errors.ts";
import { limits } from "./limits.ts";

export interface Address {
  readonly version: 4 | 6;
  readonly bits: bigint;
}

/** All addresses that agree with `bits` in the first `prefix` bits; the others are zero in it. */
export interface Network extends Address {
  readonly prefix: number;
}

/** An IPv4 address is the last 32 bits after this. */
const mapped = 0xffffn;
const mappedPrefix = 96;

const number = /^(0|[1-9]\d{0,2})$/;
const group = /^[\da-f]{1,4}$/i;

/** The longest form there is: six groups, and an IPv4 address at the end. */
const addressCharactersMax = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".length;
const networkCharactersMax = addressCharactersMax + "/128".length;

/** Null for whatever is not exactly an address: no zone, no port, no leading zeros in IPv4. */
export function parseAddress(text: string): Address | null {
  if (text.length > addressCharactersMax) return null;
  const bits = text.includes(":") ? parseIpv6(text) : parseIpv4(text);
  if (bits === null) return null;
  if (!text.includes(":")) return { version: 4, bits };
  return bits >> 32n === mapped ? { version: 4, bits: bits & 0xffff_ffffn } : { version: 6, bits };
}

function parseIpv4(text: string): bigint | null {
  const octets = text.split(".");
  if (octets.length !== 4) return null;
  let bits = 0n;
  for (const one of octets) {
    if (!number.test(one) || Number(one) > 255) return null;
    bits = (bits << 8n) | BigInt(one);
  }
  return bits;
}

function parseIpv6(text: string): bigint | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head = "", tail] = halves;
  const first = parseGroups(head, tail === undefined);
  const last = tail === undefined ? [] : parseGroups(tail, true);
  if (first === null || last === null) return null;
  const missing = 8 - first.length - last.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...first, ...new Array<number>(missing).fill(0), ...last];
  return groups.reduce((bits, value) => (bits << 16n) | BigInt(value), 0n);
}

/** At its very end an IPv6 address may hold an IPv4 one, in place of two groups. */
function parseGroups(text: string, endsHere: boolean): readonly number[] | null {
  if (text === "") return [];
  const parts = text.split(":");
  const values: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (endsHere && index === parts.length - 1 && part.includes(".")) {
      const bits = parseIpv4(part);
      if (bits === null) return null;
      values.push(Number(bits >> 16n), Number(bits & 0xffffn));
    } else if (group.test(part)) values.push(Number.parseInt(part, 16));
    else return null;
  }
  return values;
}

/** An address stands for itself alone. Null also where bits are set beyond the prefix: a slip of the pen. */
export function parseNetwork(text: string): Network | null {
  if (text.length > networkCharactersMax) return null;
  const slash = text.indexOf("/");
  const host = slash < 0 ? text : text.slice(0, slash);
  const address = parseAddress(host);
  if (address === null) return null;
  const width = widthOf(address);
  if (slash < 0) return { ...address, prefix: width };
  const length = text.slice(slash + 1);
  if (!number.test(length)) return null;
  // Mapped addresses are counted in IPv6 where they are written so.
  const prefix = Number(length) - (address.version === 4 && host.includes(":") ? mappedPrefix : 0);
  if (prefix < 0 || prefix > width || startOf(address, prefix) !== address.bits) return null;
  return { ...address, prefix };
}

/** An allowlist as somebody sent it. Throws `request.invalid`; none at all is not a list. */
export function parseNetworks(field: string, texts: readonly string[]): readonly Network[] {
  const limit = limits.networksMax;
  if (texts.length === 0) throw invalid(field, "must not be empty; leave it out to allow every address");
  if (texts.length > limit) throw invalid(field, `must have at most ${limit} entries`, { limit });
  return texts.map((text, index) => {
    const network = parseNetwork(text);
    if (network !== null) return network;
    throw invalid(field, "must hold addresses, or networks like 192.0.2.0/24 and 2001:db8::/32", { index });
  });
}

function widthOf({ version }: Address): number {
  return version === 4 ? 32 : 128;
}

function startOf(address: Address, prefix: number): bigint {
  const rest = BigInt(widthOf(address) - prefix);
  return (address.bits >> rest) << rest;
}

function contains(network: Network, address: Address): boolean {
  return network.version === address.version && startOf(address, network.prefix) === network.bits;
}

/** IPv6 networks never hold IPv4 addresses: who allows `::/0` has not thought of them. */
export function covers(networks: readonly Network[], address: Address): boolean {
  return networks.some((network) => contains(network, address));
}

/** A list as it was stored, read again. What is no network lets nobody in. */
export function storedNetworks(list: readonly string[] | null): readonly Network[] | null {
  return list?.flatMap((text) => parseNetwork(text) ?? []) ?? null;
}

/** Whether a credential with this list is accepted from there; null: from everywhere. */
export function accepts(list: readonly Network[] | null, from: string | null): boolean {
  if (list === null) return true;
  const address = from === null ? null : parseAddress(from);
  return address !== null && covers(list, address);
}

/** Whether `inner` lets nobody in whom `outer` keeps out. Null: every address. */
export function narrower(inner: readonly Network[] | null, outer: readonly Network[] | null): boolean {
  if (outer === null) return true;
  if (inner === null) return false;
  // Two halves of a network in `outer` do not hold the whole: it errs towards refusing.
  return inner.every((one) => outer.some((other) => other.prefix <= one.prefix && contains(other, one)));
}

export function addressText(address: Address): string {
  return address.version === 4 ? ipv4Text(address.bits) : ipv6Text(address.bits);
}

export function networkText(network: Network): string {
  const text = addressText(network);
  return network.prefix === widthOf(network) ? text : `${text}/${network.prefix}`;
}

function ipv4Text(bits: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 0xffn).join(".");
}

/** As RFC 5952 has it: lower case, the first of the longest runs of two or more zero groups left out. */
function ipv6Text(bits: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => (bits >> BigInt(112 - 16 * index)) & 0xffffn);
  let [start, length] = [0, 1];
  for (let from = 0; from < groups.length; from += 1) {
    let to = from;
    while (groups[to] === 0n) to += 1;
    if (to - from > length) [start, length] = [from, to - from];
  }
  const text = (some: readonly bigint[]) => some.map((value) => value.toString(16)).join(":");
  if (length === 1) return text(groups);
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

/**
 * The addresses that one party can change between at will: what is counted by address is counted by
 * this. For IPv4 a /24, the least that is routed by itself; for IPv6 a /48, the most that one site is
 * usually given (RFC 6177), so that nobody escapes a count within his own network.
 */
export function blockOf(address: Address): Network {
  const prefix = address.version === 4 ? 24 : 48;
  return { version: address.version, bits: startOf(address, prefix), prefix };
}

/** The block of an address in text; what is not an address shares one block of its own. */
export function blockText(text: string | null): string {
  const address = text === null ? null : parseAddress(text);
  return address === null ? "unknown" : networkText(blockOf(address));
}
