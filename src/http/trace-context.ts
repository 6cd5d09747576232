// The W3C's trace context, as a client may send it: exactly in its form, or as if it had sent none.

export interface RemoteTrace {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

const form = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

export function remoteTrace(header: string | readonly string[] | undefined): RemoteTrace | null {
  const [, traceId, spanId, flags = ""] = typeof header === "string" ? (form.exec(header) ?? []) : [];
  if (traceId === undefined || spanId === undefined) return null;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** Of other vendors: handed on as it is, within the bounds of its form. */
export function traceState(header: string | readonly string[] | undefined): string | null {
  return typeof header === "string" && /^[\x20-\x7e]{1,512}$/.test(header) ? header : null;
}
