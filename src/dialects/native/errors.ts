// Every error of the domain as the native API answers it. It knows statuses and headers, nothing
// of what went wrong. Keeps: the list is closed; docs/reference/errors.md says the same.
import type { CofferError } from "../../core/errors.ts";
import type { RateStanding } from "../../http/rate-limit.ts";
import type { ErrorContext, ErrorReply, ErrorTable } from "../dialect.ts";

export const errors = {
  "request.invalid": { status: 400 },
  "request.too_large": { status: 413 },
  "request.media_type": { status: 415 },
  "route.not_found": { status: 404 },
  "route.method": { status: 405 },
  "caller.unauthenticated": { status: 401 },
  "caller.denied": { status: 403 },
  "caller.throttled": { status: 429 },
  "organization.not_found": { status: 404 },
  "organization.slug_taken": { status: 409 },
  "organization.not_empty": { status: 409 },
  "principal.not_found": { status: 404 },
  "group.not_found": { status: 404 },
  "group.name_taken": { status: 409 },
  "machine.not_found": { status: 404 },
  "service.not_found": { status: 404 },
  "service.name_taken": { status: 409 },
  "grant.not_found": { status: 404 },
  "people.email_taken": { status: 409 },
  "people.last_owner": { status: 409 },
  "invitation.not_found": { status: 404 },
  "store.not_found": { status: 404 },
  "store.slug_taken": { status: 409 },
  "store.is_default": { status: 409 },
  "store.not_empty": { status: 409 },
  "secret.not_found": { status: 404 },
  "secret.name_taken": { status: 409 },
  "secret.expired": { status: 410 },
  "secret.no_value": { status: 404 },
  "version.not_found": { status: 404 },
  "document.not_found": { status: 404 },
  "document.name_taken": { status: 409 },
  "token.not_found": { status: 404 },
  "job.not_found": { status: 404 },
  "trust.not_found": { status: 404 },
  "trust.audience_taken": { status: 409 },
  "key.not_found": { status: 404 },
  "key.in_use": { status: 409 },
  "key.not_held": { status: 409 },
  "key.rotated": { status: 503 },
  "key.unreadable": { status: 409 },
  "precondition.failed": { status: 412 },
  "quota.exceeded": { status: 409 },
  "rate.exceeded": { status: 429 },
  "custody.client": { status: 409 },
  "cursor.invalid": { status: 400 },
  "feed.too_old": { status: 410 },
  "server.sealed": { status: 503 },
  "server.busy": { status: 503 },
  "storage.unavailable": { status: 503 },
  "storage.outcome_unknown": { status: 503 },
  "storage.full": { status: 507 },
  "value.integrity": { status: 500 },
  "value.missing": { status: 502 },
  "backend.unavailable": { status: 503 },
  "backend.not_found": { status: 404 },
  internal: { status: 500 },
} satisfies ErrorTable<{ status: number }>;

export function presentError(error: CofferError, { requestId }: ErrorContext): ErrorReply {
  const { code, message, details } = error;
  return {
    status: errors[code].status,
    headers: headersOf(error),
    body: { error: { code, message, requestId, details } },
  };
}

/** As the draft of the IETF's HTTPAPI group names them, which GitHub and Buildkite send too. */
export function rateHeaders({ limit, remaining, resetSeconds }: RateStanding): Record<string, string> {
  return {
    "ratelimit-limit": String(limit),
    "ratelimit-remaining": String(remaining),
    "ratelimit-reset": String(resetSeconds),
  };
}

function headersOf({ code, details }: CofferError): Record<string, string> {
  switch (code) {
    case "caller.unauthenticated":
      return { "www-authenticate": "Bearer" };
    case "route.method":
      return { allow: (details.allowed ?? []).join(", ") };
    case "caller.throttled":
    case "rate.exceeded":
      return { "retry-after": String(details.retryAfterSeconds ?? 60) };
    // Nothing was done and nothing is wrong with the request. An unknown outcome is another matter:
    // whoever repeats that blindly may do it twice.
    case "server.busy":
    case "key.rotated":
    case "storage.unavailable":
    case "backend.unavailable":
      return { "retry-after": "1" };
    default:
      return {};
  }
}
