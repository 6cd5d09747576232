// How long what `--tls auto` makes is good for. Counted so that nobody has to think of it: a server
// that is off for a month comes back with a certificate that is still good.

const dayMs = 24 * 60 * 60 * 1000;

/** What a public CA gives; no client refuses it. */
export const serverLifeMs = 90 * dayMs;
/** Renewed with a third of its life left. */
export const serverRenewedMs = 30 * dayMs;
/** Handing a new CA to every client is work: once in eight years. */
export const authorityLifeMs = 3_650 * dayMs;
/** So long its successor, of the same key, lies beside the data before clients need it. */
export const authorityRenewedMs = 730 * dayMs;
/** A client's clock may be behind. */
export const backdatedMs = 60 * 60 * 1000;
/** When the end of somebody's own certificate is worth a warning. */
export const ownWarnedMs = 14 * dayMs;
