// Addresses that a server must not be led to by what a request names: its own, its neighbours', its
// cloud's metadata service. IPv6 is closed but for the part that is routed in public.
import { BlockList, isIP } from "node:net";

const closed4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10], // carriers, and the metadata service of Alibaba
  ["127.0.0.0", 8],
  ["168.63.129.16", 32], // Azure's, in the middle of public addresses
  ["169.254.0.0", 16], // link-local: metadata services of AWS, Google, Azure and others
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];

/** Within what is public of IPv6: tunnels, which carry an IPv4 address inside, and examples. */
const closed6: readonly (readonly [string, number])[] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
];

const closed = new BlockList();
for (const [net, prefix] of closed4) closed.addSubnet(net, prefix, "ipv4");
for (const [net, prefix] of closed6) closed.addSubnet(net, prefix, "ipv6");

const public6 = new BlockList();
public6.addSubnet("2000::", 3, "ipv6");

/** IPv4 written as IPv6: what counts is the IPv4 address, which `BlockList` looks at by itself. */
const mapped = new BlockList();
mapped.addSubnet("::ffff:0:0", 96, "ipv6");

/** False for whatever is no plain address, too. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0 || address.includes("%")) return false;
  if (family === 4) return !closed.check(address, "ipv4");
  const routed = public6.check(address, "ipv6") || mapped.check(address, "ipv6");
  return routed && !closed.check(address, "ipv6");
}
