// How the server is reached: who could listen in, and whose word it takes.
import { type Network, networkText } from "../../core/addresses.ts";
import type { Finding } from "./finding.ts";
import { quoted, span } from "./words.ts";

export interface NetworkFacts {
  readonly now: number;
  /** `host:port`. */
  readonly listen: string;
  /** Open http on an address that others reach. */
  readonly openHttp: boolean;
  readonly trustedProxies: readonly Network[];
  /** Null: none, or one that cannot be read. */
  readonly certificate: {
    readonly path: string;
    readonly endsAt: number;
    /** The server's own authority makes the next one by itself. */
    readonly renews: boolean;
  } | null;
}

const soonMs = 14 * 24 * 60 * 60 * 1000;

export function networkFindings(facts: NetworkFacts): readonly Finding[] {
  const { listen, openHttp, trustedProxies, certificate, now } = facts;
  const findings: Finding[] = [];
  if (openHttp) {
    findings.push({
      check: "http-open",
      severity: "error",
      found: `The server speaks open http on ${listen}, which others reach.`,
      means: "Everybody on the way reads tokens and values.",
      cure: [
        "coffer serve --tls auto",
        "Or listen on 127.0.0.1 behind a proxy that does TLS: docs/guide/tls.md.",
      ],
    });
  }
  const wide = trustedProxies.filter(isWide);
  if (wide.length > 0) {
    findings.push({
      check: "proxies-wide",
      severity: "warning",
      found: `server.trustedProxies trusts ${wide.map(networkText).join(", ")}.`,
      means:
        "Every machine in there can say that it is another: past allowlists of tokens, and in the audit trail.",
      cure: ["coffer serve --trusted-proxies 10.1.2.3"],
    });
  }
  if (certificate !== null) findings.push(...certificateFindings(certificate, now));
  return findings;
}

export function certificateFindings(
  { path, endsAt, renews }: NonNullable<NetworkFacts["certificate"]>,
  now: number,
): readonly Finding[] {
  const left = endsAt - now;
  // Where it renews itself, an old one only means that the server has not run for long.
  if (renews || left > soonMs) return [];
  const ended = left <= 0;
  return [
    {
      check: "certificate",
      severity: ended ? "error" : "warning",
      found: ended
        ? `The certificate ${path} ended ${span(-left)} ago.`
        : `The certificate ${path} ends in ${span(left)}.`,
      means: ended
        ? "No client that checks it connects any more."
        : "Then no client that checks it connects.",
      cure: [
        `openssl x509 -in ${quoted(path)} -noout -enddate`,
        "Put a new one in its place: a server that runs takes it within a second.",
      ],
    },
  ];
}

/** Of an IPv6 network the right half is one machine's own. */
function isWide({ version, prefix }: Network): boolean {
  return prefix < (version === 4 ? 16 : 64);
}
