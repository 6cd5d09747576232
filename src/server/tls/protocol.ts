// How TLS is spoken here, whatever the certificate.
import { constants } from "node:crypto";
import type { SecureContextOptions } from "node:tls";

/** Forward secrecy and authenticated encryption alone; what else TLS 1.2 has, Node's default would offer too. */
const ciphers = [
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "TLS_AES_128_GCM_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
];

export const protocol = {
  minVersion: "TLSv1.2",
  ciphers: ciphers.join(":"),
  honorCipherOrder: true,
  // A client may not make the server calculate again and again on one connection.
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
} as const satisfies SecureContextOptions;

/** There is no HTTP/2 here: a client that insists on it is told so in the handshake. */
export const applicationProtocols = ["http/1.1"];
