// Every error of the domain as a Status. What is about one object is said with its name where the request
// is known (route.ts); here is what any path of this dialect may answer.
import type { CofferError } from "../../core/errors.ts";
import type { ErrorContext, ErrorReply, ErrorTable } from "../dialect.ts";
import { failure } from "./status.ts";

interface Wire {
  readonly status: number;
  readonly reason: string;
  /** Null: the core's own message, which may be shown. */
  readonly message: string | null;
  /** There are details, if only empty ones. */
  readonly details?: true;
}

const noRoute: Wire = {
  status: 404,
  reason: "NotFound",
  message: "the server could not find the requested resource",
  details: true,
};
const missing: Wire = { status: 404, reason: "NotFound", message: null };
const denied: Wire = { status: 403, reason: "Forbidden", message: "forbidden" };
const refused: Wire = { status: 400, reason: "BadRequest", message: null };
const taken: Wire = { status: 409, reason: "AlreadyExists", message: null };
const conflicting: Wire = { status: 409, reason: "Conflict", message: null };
const tooMany: Wire = { status: 429, reason: "TooManyRequests", message: null, details: true };
const unavailable: Wire = {
  status: 503,
  reason: "ServiceUnavailable",
  message: "the server is currently unable to handle the request",
};
const fault: Wire = {
  status: 500,
  reason: "InternalError",
  message: "Internal error occurred: the server's log has more under this request id",
};

export const errors = {
  "request.invalid": refused,
  "request.too_large": {
    status: 413,
    reason: "RequestEntityTooLarge",
    message: "the body is too large: limit is 1048576",
  },
  "request.media_type": { status: 415, reason: "UnsupportedMediaType", message: null, details: true },
  "route.not_found": noRoute,
  "route.method": {
    status: 405,
    reason: "MethodNotAllowed",
    message: "the server does not allow this method on the requested resource",
    details: true,
  },
  "caller.unauthenticated": { status: 401, reason: "Unauthorized", message: "Unauthorized" },
  "caller.denied": denied,
  "caller.throttled": tooMany,
  // Without a place of its own a caller has no namespace either.
  "organization.not_found": denied,
  "organization.slug_taken": taken,
  "organization.not_empty": conflicting,
  "principal.not_found": missing,
  "group.not_found": missing,
  "group.name_taken": taken,
  "machine.not_found": missing,
  "service.not_found": missing,
  "service.name_taken": taken,
  "grant.not_found": missing,
  "people.email_taken": taken,
  "people.last_owner": conflicting,
  "invitation.not_found": missing,
  "store.not_found": denied,
  "store.slug_taken": taken,
  "store.is_default": conflicting,
  "store.not_empty": conflicting,
  "secret.not_found": missing,
  "secret.name_taken": taken,
  "secret.expired": missing,
  "secret.no_value": missing,
  "version.not_found": missing,
  "document.not_found": missing,
  "document.name_taken": taken,
  "token.not_found": missing,
  "job.not_found": missing,
  "trust.not_found": missing,
  "trust.audience_taken": taken,
  "key.not_found": missing,
  "key.in_use": conflicting,
  "key.not_held": conflicting,
  "key.rotated": unavailable,
  "key.unreadable": conflicting,
  "precondition.failed": conflicting,
  "quota.exceeded": { status: 403, reason: "Forbidden", message: null },
  "rate.exceeded": tooMany,
  // A conflict would be tried again.
  "custody.client": refused,
  "cursor.invalid": refused,
  "feed.too_old": { status: 410, reason: "Expired", message: null },
  "server.sealed": unavailable,
  "server.busy": unavailable,
  "storage.unavailable": unavailable,
  "storage.outcome_unknown": unavailable,
  "storage.full": unavailable,
  "value.integrity": fault,
  "value.missing": fault,
  "backend.unavailable": unavailable,
  "backend.not_found": fault,
  internal: fault,
} satisfies ErrorTable<Wire>;

export function presentError(error: CofferError, { path }: ErrorContext): ErrorReply {
  const { status, reason, message, details }: Wire = errors[error.code];
  const headers = headersOf(error);
  if (/^(\/grafana)?\/gsm\//.test(path)) return gsmError(error, status, headers);
  const retry = error.details.retryAfterSeconds ?? (status === 503 ? retryAfterSeconds : undefined);
  const answer = failure(
    status,
    reason,
    message ?? error.message,
    retry === undefined ? (details === true ? {} : undefined) : { retryAfterSeconds: retry },
  );
  return { status, headers, body: answer.body };
}

const retryAfterSeconds = 1;

function headersOf({ code, details }: CofferError): Record<string, string> {
  const { retryAfterSeconds: wait } = details;
  if (wait !== undefined) return { "retry-after": String(wait) };
  if (errors[code].status === 503) return { "retry-after": String(retryAfterSeconds) };
  // Without it some clients do not send what they have.
  return errors[code].status === 401 ? { "www-authenticate": 'Bearer realm="coffer"' } : {};
}

const gsmMessages: { readonly [status: number]: string } = {
  401: "unauthorized",
  403: "not authorized",
  404: "not found",
};

/** The secrets manager's own form, which agents read by its status alone. */
function gsmError(error: CofferError, status: number, headers: Record<string, string>): ErrorReply {
  const { message: own }: Wire = errors[error.code];
  const message = gsmMessages[status] ?? own ?? error.message;
  return { status, headers, body: { code: "error", message } };
}

/** Kubernetes has no headers for what is left of a limit; who is over it is told when to come back. */
export function rateHeaders(): Record<string, string> {
  return {};
}
