// Every error of the domain in this API's words. It knows statuses and sentences, nothing of what went
// wrong. What a caller may not do and what is not there are one: clients print the body as it is.
import type { CofferError, ErrorCode } from "../../core/errors.ts";
import type { ErrorContext, ErrorReply, ErrorTable } from "../dialect.ts";

interface Wire {
  readonly status: number;
  /** Null: the core's own message, which may be shown. */
  readonly message: string | null;
}

const noResource: Wire = { status: 404, message: "Resource not found." };
const asItIs: Wire = { status: 400, message: null };
const fault: Wire = { status: 500, message: "An unhandled server error has occurred." };
const unavailable: Wire = { status: 503, message: "The server is not available at the moment." };
const nameTaken: Wire = { status: 409, message: "A secret with this name already exists in the project." };

export const errors = {
  "request.invalid": { status: 400, message: "The model state is invalid." },
  "request.too_large": { status: 413, message: null },
  "request.media_type": { status: 415, message: null },
  "route.not_found": noResource,
  "route.method": noResource,
  "caller.unauthenticated": { status: 401, message: null },
  "caller.denied": noResource,
  "caller.throttled": { status: 429, message: null },
  "organization.not_found": noResource,
  "organization.slug_taken": asItIs,
  "organization.not_empty": asItIs,
  "principal.not_found": noResource,
  "group.not_found": noResource,
  "group.name_taken": asItIs,
  "machine.not_found": noResource,
  "service.not_found": noResource,
  "service.name_taken": asItIs,
  "grant.not_found": noResource,
  "document.not_found": noResource,
  "document.name_taken": asItIs,
  "people.email_taken": asItIs,
  "people.last_owner": asItIs,
  "invitation.not_found": noResource,
  "store.not_found": noResource,
  "store.slug_taken": asItIs,
  "store.is_default": noResource,
  "store.not_empty": asItIs,
  "secret.not_found": noResource,
  "secret.name_taken": nameTaken,
  "secret.expired": noResource,
  "secret.no_value": noResource,
  "version.not_found": noResource,
  "token.not_found": noResource,
  "job.not_found": noResource,
  "trust.not_found": noResource,
  "trust.audience_taken": asItIs,
  "key.not_found": noResource,
  "key.in_use": asItIs,
  "key.not_held": asItIs,
  "key.rotated": unavailable,
  "key.unreadable": asItIs,
  "precondition.failed": { status: 409, message: null },
  "quota.exceeded": asItIs,
  "rate.exceeded": { status: 429, message: null },
  "custody.client": noResource,
  "cursor.invalid": asItIs,
  "feed.too_old": asItIs,
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

export type Problems = Readonly<Record<string, readonly string[]>>;

export function errorBody(message: string, validationErrors: Problems | null = null) {
  return {
    message,
    validationErrors,
    exceptionMessage: null,
    exceptionStackTrace: null,
    innerExceptionMessage: null,
    object: "error",
  };
}

export function presentError(error: CofferError, { path }: ErrorContext): ErrorReply {
  const { status, message } = errors[error.code];
  if (status === 429) return slowDown(error);
  if (isIdentity(path)) return identityError(error, status);
  if (status === 401) return { status, headers: { "www-authenticate": "Bearer" }, body: null };
  const problems = error.code === "request.invalid" ? problemsOf(error, path) : null;
  return { status, headers: {}, body: errorBody(message ?? error.message, problems) };
}

/** OAuth's form, without a word about the reason: an unknown client and a wrong secret are one. */
function identityError({ code, message }: CofferError, status: number): ErrorReply {
  const refused: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["caller.unauthenticated", "caller.denied"]);
  if (refused.has(code)) return { status: 400, headers: {}, body: { error: "invalid_client" } };
  const form = status < 500 && status !== 404;
  if (form) return { status: 400, headers: {}, body: { error: "invalid_request" } };
  return { status, headers: {}, body: errorBody(errors[code].message ?? message) };
}

function isIdentity(path: string): boolean {
  return /^(\/bitwarden)?\/identity(\/|$)/.test(path);
}

function slowDown({ details }: CofferError): ErrorReply {
  const seconds = details.retryAfterSeconds ?? 60;
  const period = seconds >= 60 ? "1m" : `${seconds}s`;
  const headers = { "retry-after": String(seconds) };
  const body = errorBody(`Slow down! Too many requests. Try again in ${period}.`);
  return { status: 429, headers, body };
}

/** Rules of the core, by the names that this API has for its fields. */
function problemsOf({ details, message }: CofferError, path: string): Problems {
  const { field = "request" } = details;
  const name = /\/secrets(\/|$)/.test(path) ? "Key" : "Name";
  const known: Readonly<Record<string, string>> = { name, description: "Note", value: "Value" };
  return { [known[field] ?? field]: [message] };
}
