// The one error of the domain: a closed list of codes, a message that may be shown, and an
// inner `because` that may not. It knows no HTTP: each dialect maps every code to its own wire.

export const errorCodes = [
  "request.invalid",
  "request.too_large",
  "request.media_type",
  "route.not_found",
  "route.method",
  "caller.unauthenticated",
  "caller.denied",
  "caller.throttled",
  "organization.not_found",
  "organization.slug_taken",
  "organization.not_empty",
  "principal.not_found",
  "group.not_found",
  "group.name_taken",
  "machine.not_found",
  "service.not_found",
  "service.name_taken",
  "grant.not_found",
  "people.email_taken",
  "people.last_owner",
  "invitation.not_found",
  "store.not_found",
  "store.slug_taken",
  "store.is_default",
  "store.not_empty",
  "secret.not_found",
  "secret.name_taken",
  "secret.expired",
  "secret.no_value",
  "version.not_found",
  "document.not_found",
  "document.name_taken",
  "token.not_found",
  "job.not_found",
  "trust.not_found",
  "trust.audience_taken",
  "key.not_found",
  "key.in_use",
  "key.not_held",
  "key.rotated",
  "key.unreadable",
  "precondition.failed",
  "quota.exceeded",
  "rate.exceeded",
  "custody.client",
  "cursor.invalid",
  "feed.too_old",
  "server.sealed",
  "server.busy",
  "storage.unavailable",
  "storage.outcome_unknown",
  "storage.full",
  "value.integrity",
  "value.missing",
  "backend.unavailable",
  "backend.not_found",
  "internal",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** What may be shown beside the message. Never a rejected input: it could be a secret. */
export interface ErrorDetails {
  readonly field?: string;
  readonly rule?: string;
  readonly limit?: number;
  readonly index?: number;
  readonly revision?: number;
  /** Of a text, counted from 1. */
  readonly line?: number;
  /** The known name that an unknown one is nearest to. */
  readonly nearest?: string;
  readonly allowed?: readonly string[];
  /** The scope that the credential lacks, as its dialect calls it. */
  readonly scope?: string;
  /** How often it was asked for already. */
  readonly current?: number;
  readonly retryAfterSeconds?: number;
}

export class CofferError extends Error {
  override readonly name = "CofferError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  /** Why access was refused. For audit and explain; it never reaches the refused caller. */
  readonly because: string | null;

  constructor(
    code: ErrorCode,
    message: string,
    details: ErrorDetails = {},
    options: ErrorOptions & { because?: string } = {},
  ) {
    super(message, options);
    this.code = code;
    this.details = details;
    this.because = options.because ?? null;
  }
}

/** An error as plain data, for the way between threads. The cause stays where it happened. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
  readonly because: string | null;
}

export function errorRecord(error: CofferError): ErrorRecord {
  const { code, message, details, because } = error;
  return { code, message, details, because };
}

export function errorFromRecord(record: ErrorRecord): CofferError {
  const because = record.because === null ? {} : { because: record.because };
  return new CofferError(record.code, record.message, record.details, because);
}

/** A request that breaks a rule of form: the field and the rule, never the input itself. */
export function invalid(field: string, rule: string, details: ErrorDetails = {}): CofferError {
  return new CofferError("request.invalid", `"${field}" ${rule}`, { field, rule, ...details });
}

/** There may be no more of these. */
export function quotaExceeded(field: string, limit: number): CofferError {
  return new CofferError("quota.exceeded", `The limit of ${limit} ${field} is reached.`, { field, limit });
}

/**
 * Thrown by a body that met another writer's work half way. Its writes are rolled back and the
 * engine runs it again from the start. It can only happen where several nodes write.
 */
export class RunAgain extends Error {
  override readonly name = "RunAgain";
  /** The organization whose access moved: the next try keeps others from moving it again. */
  readonly moved: string | null;

  constructor(message?: string, { moved = null, ...options }: ErrorOptions & { moved?: string | null } = {}) {
    super(message, options);
    this.moved = moved;
  }
}
