import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isPublicAddress } from "./addresses.ts";

const closed = [
  "0.0.0.0",
  "10.255.255.255",
  "100.64.0.1",
  "100.100.100.200",
  "127.0.0.1",
  "127.255.255.254",
  "168.63.129.16",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.0.0.192",
  "192.0.2.1",
  "192.168.1.1",
  "198.18.0.1",
  "198.51.100.1",
  "203.0.113.1",
  "224.0.0.1",
  "239.255.255.255",
  "240.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::127.0.0.1",
  "::ffff:127.0.0.1",
  "::ffff:169.254.169.254",
  "::ffff:a00:1",
  "::ffff:0:8.8.8.8",
  "64:ff9b::8.8.8.8",
  "64:ff9b:1::1",
  "100::1",
  "2001::1",
  "2001:db8::1",
  "2002:7f00:1::",
  "3fff::1",
  "5f00::1",
  "fc00::1",
  "fd00:ec2::254",
  "fe80::1",
  "fe80::1%eth0",
  "2606:4700::1%eth0",
  "fec0::1",
  "ff02::1",
];

const open = [
  "1.1.1.1",
  "8.8.8.8",
  "100.63.255.255",
  "100.128.0.1",
  "172.15.255.255",
  "172.32.0.1",
  "168.63.129.17",
  "223.255.255.255",
  "::ffff:8.8.8.8",
  "2001:4860:4860::8888",
  "2606:4700:4700::1111",
  "2a00:1450::1",
];

describe("an address", () => {
  test.each(closed)("%s is not public", (address) => expect(isPublicAddress(address)).toBe(false));
  test.each(open)("%s is public", (address) => expect(isPublicAddress(address)).toBe(true));
  test.each(["", "localhost", "127.1", "0x7f.0.0.1", "1.1.1.1.", " 1.1.1.1", "[::1]"])(
    "%j is none, hence not public",
    (text) => expect(isPublicAddress(text)).toBe(false),
  );

  test("of IPv4 is judged the same when it is mapped into IPv6", () =>
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(isPublicAddress(`::ffff:${address}`)).toBe(isPublicAddress(address));
      }),
    ));
});
