// Certificates of `--tls auto`: a CA that can vouch for this server's names and for nothing else, and
// what it issues. The only file that knows the X.509 library; who imports it does so when something is
// to be issued, so that other starts do not load it.
import { createPublicKey, generateKeyPairSync, hash, type KeyObject, randomBytes } from "node:crypto";
import * as asn1js from "asn1js";
import * as pkijs from "pkijs";
import { type Address, addressText, parseAddress } from "../../core/addresses.ts";
import { authorityLifeMs, backdatedMs, serverLifeMs } from "./lives.ts";
import { type HostName, unique } from "./names.ts";

const oid = {
  commonName: "2.5.4.3",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
};

/** RFC 5280, 4.2.1.6. */
const nameTypes = { dns: 2, ip: 7 } as const;

/** Bits of KeyUsage from the left, with how many at the right are not used. */
const keyUsages = { authority: [0x06, 1], server: [0x80, 7] } as const;

/**
 * The CA's certificate. Its subject follows from installation and names, so that two of the same key
 * stand for each other if they allow the same names, and are not taken for each other if they do not.
 */
export async function issueAuthority(parts: {
  readonly installationId: string;
  readonly key: KeyObject;
  readonly names: readonly HostName[];
  readonly at: number;
}): Promise<string> {
  const { installationId, key, names, at } = parts;
  const subject = commonName(`Coffer CA ${digestOf(installationId, names)}`);
  const permitted = names.map((name) => new pkijs.GeneralSubtree({ base: generalName(name, "alone") }));
  return issue({
    issuer: subject,
    subject,
    publicKey: key,
    signingKey: key,
    from: at - backdatedMs,
    until: at + authorityLifeMs,
    extensions: [
      extension(oid.basicConstraints, true, new pkijs.BasicConstraints({ cA: true, pathLenConstraint: 0 })),
      keyUsage(keyUsages.authority),
      extension(oid.nameConstraints, true, new pkijs.NameConstraints({ permittedSubtrees: permitted })),
      extension(oid.extendedKeyUsage, false, new pkijs.ExtKeyUsage({ keyPurposes: [oid.serverAuth] })),
      new pkijs.Extension({
        extnID: oid.subjectKeyIdentifier,
        extnValue: new asn1js.OctetString({ valueHex: keyIdentifier(key) }).toBER(),
      }),
    ],
  });
}

/** A certificate for all names that the CA allows, with a key of its own; both as PEM. */
export async function issueServer(parts: {
  readonly authority: string;
  readonly authorityKey: KeyObject;
  readonly at: number;
}): Promise<{ readonly certificate: string; readonly key: string }> {
  const { authorityKey, at } = parts;
  const authority = parse(parts.authority);
  const names = permittedBy(authority);
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const certificate = await issue({
    issuer: authority.subject,
    // No host: those in the extension count.
    subject: commonName("Coffer server"),
    publicKey: privateKey,
    signingKey: authorityKey,
    from: at - backdatedMs,
    until: Math.min(at + serverLifeMs, authority.notAfter.value.getTime()),
    extensions: [
      extension(oid.basicConstraints, true, new pkijs.BasicConstraints({ cA: false })),
      keyUsage(keyUsages.server),
      extension(oid.extendedKeyUsage, false, new pkijs.ExtKeyUsage({ keyPurposes: [oid.serverAuth] })),
      extension(
        oid.subjectAltName,
        false,
        new pkijs.GeneralNames({ names: names.map((name) => generalName(name)) }),
      ),
      extension(
        oid.authorityKeyIdentifier,
        false,
        new pkijs.AuthorityKeyIdentifier({
          keyIdentifier: new asn1js.OctetString({ valueHex: keyIdentifier(authorityKey) }),
        }),
      ),
    ],
  });
  return { certificate, key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

/** What a CA of ours may vouch for. */
export function permittedNames(authority: string): readonly HostName[] {
  return permittedBy(parse(authority));
}

function permittedBy(authority: pkijs.Certificate): readonly HostName[] {
  const found = authority.extensions?.find(({ extnID }) => extnID === oid.nameConstraints)?.parsedValue;
  const subtrees = found instanceof pkijs.NameConstraints ? (found.permittedSubtrees ?? []) : [];
  return unique(subtrees.map(({ base }) => hostName(base)));
}

interface Issuing {
  readonly issuer: pkijs.RelativeDistinguishedNames;
  readonly subject: pkijs.RelativeDistinguishedNames;
  /** A private key will do: only its public half is used. */
  readonly publicKey: KeyObject;
  readonly signingKey: KeyObject;
  readonly from: number;
  readonly until: number;
  readonly extensions: pkijs.Extension[];
}

async function issue(parts: Issuing): Promise<string> {
  const spki = spkiOf(parts.publicKey);
  const certificate = new pkijs.Certificate({
    version: 2, // counted from zero
    serialNumber: new asn1js.Integer({ valueHex: serialNumber() }),
    issuer: parts.issuer,
    subject: parts.subject,
    notBefore: time(parts.from),
    notAfter: time(parts.until),
    subjectPublicKeyInfo: pkijs.PublicKeyInfo.fromBER(spki),
    extensions: parts.extensions,
  });
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  await certificate.sign(parts.signingKey.toCryptoKey(algorithm, false, ["sign"]), "SHA-256");
  const base64 = Buffer.from(certificate.toSchema(true).toBER()).toString("base64");
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function parse(pem: string): pkijs.Certificate {
  return pkijs.Certificate.fromBER(Buffer.from(pem.replace(/-----[A-Z ]+-----|\s/g, ""), "base64"));
}

function commonName(value: string): pkijs.RelativeDistinguishedNames {
  const name = new pkijs.AttributeTypeAndValue({
    type: oid.commonName,
    value: new asn1js.Utf8String({ value }),
  });
  return new pkijs.RelativeDistinguishedNames({ typesAndValues: [name] });
}

function extension(extnID: string, critical: boolean, value: pkijs.PkiObject): pkijs.Extension {
  return new pkijs.Extension({ extnID, critical, extnValue: value.toSchema().toBER() });
}

function keyUsage([bits, unusedBits]: readonly [number, number]): pkijs.Extension {
  const value = new asn1js.BitString({ valueHex: Uint8Array.of(bits).buffer, unusedBits });
  return new pkijs.Extension({ extnID: oid.keyUsage, critical: true, extnValue: value.toBER() });
}

/** In a constraint an address has its mask beside it. */
function generalName({ kind, text }: HostName, mask?: "alone"): pkijs.GeneralName {
  if (kind === "dns") return new pkijs.GeneralName({ type: nameTypes.dns, value: text });
  const address = parseAddress(text);
  if (address === null) throw new Error("a host name of kind ip is an address");
  const bytes = bytesOf(address);
  const valueHex = mask === undefined ? bytes : Buffer.concat([bytes, bytes.map(() => 0xff)]);
  return new pkijs.GeneralName({ type: nameTypes.ip, value: new asn1js.OctetString({ valueHex }) });
}

/** Of a constraint; the mask is ours, and alone. */
function hostName({ type, value }: pkijs.GeneralName): HostName | null {
  if (type === nameTypes.dns && typeof value === "string") return { kind: "dns", text: value };
  if (type !== nameTypes.ip || !(value instanceof asn1js.OctetString)) return null;
  const bytes = value.valueBlock.valueHexView;
  const address = bytes.subarray(0, bytes.length / 2);
  const bits = BigInt(`0x${Buffer.from(address).toString("hex")}`);
  return { kind: "ip", text: addressText({ version: address.length === 4 ? 4 : 6, bits }) };
}

function bytesOf({ version, bits }: Address): Buffer {
  return Buffer.from(bits.toString(16).padStart(version === 4 ? 8 : 32, "0"), "hex");
}

function digestOf(installationId: string, names: readonly HostName[]): string {
  const texts = names.map(({ text }) => text).sort();
  return hash("sha256", [installationId, ...texts].join("\n"), "hex").slice(0, 16);
}

/** RFC 7093: 160 bits of a SHA-256 over the key. */
function keyIdentifier(key: KeyObject): Buffer {
  return hash("sha256", spkiOf(key), "buffer").subarray(0, 20);
}

function spkiOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: "spki", format: "der" });
}

/** 127 random bits, positive and never zero in the first byte, so that DER has it as it is. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f);
  return bytes;
}

function time(at: number): pkijs.Time {
  const value = new Date(at - (at % 1000));
  return new pkijs.Time({ type: value.getUTCFullYear() < 2050 ? 0 : 1, value });
}
