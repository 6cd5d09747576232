// Every error of the domain in the codes and words of this API. Clients compare the codes and print the
// words, so both are exact. A word of one item's field is made where bodies are checked, see words.ts.
import type { CofferError, ErrorCode } from "../../core/errors.ts";
import type { ErrorContext, ErrorReply, ErrorTable } from "../dialect.ts";
import { pair } from "./credential.ts";
import { wordOf } from "./words.ts";

interface WireError {
  readonly code: number;
  readonly message: string;
  readonly source?: { readonly pointer: string };
  readonly error_chain?: readonly { readonly code: number; readonly message: string }[];
}

interface Wire {
  readonly status: number;
  readonly code: number;
  readonly message: string;
}

const wire = (status: number, code: number, message: string): Wire => ({ status, code, message });

const denied = wire(403, 10000, "Authentication error");
const noRoute = wire(404, 7000, "No route for that URI");
const noSecret = wire(404, 1001, "secret_not_found");
const tooMany = wire(429, 971, "Please wait and consider throttling your request speed");
const unavailable = wire(503, 1002, "service_unavailable");
const fault = wire(500, 1002, "internal_error");
/** Nothing that these routes do comes to it. */
const otherwise = wire(400, 1001, "invalid_request");

export const errors = {
  "request.invalid": otherwise,
  "request.too_large": wire(413, 1001, "request_body_too_large"),
  "request.media_type": wire(400, 1001, "invalid_json_body"),
  "route.not_found": noRoute,
  "route.method": wire(405, 10405, "Method not allowed"),
  "caller.unauthenticated": wire(401, 10000, "Authentication error"),
  "caller.denied": denied,
  "caller.throttled": tooMany,
  // An account that is not there and one that this credential does not reach are the same.
  "organization.not_found": denied,
  "organization.slug_taken": otherwise,
  "organization.not_empty": otherwise,
  "principal.not_found": otherwise,
  "group.not_found": otherwise,
  "group.name_taken": otherwise,
  "machine.not_found": otherwise,
  "service.not_found": otherwise,
  "service.name_taken": otherwise,
  "grant.not_found": otherwise,
  "people.email_taken": otherwise,
  "people.last_owner": otherwise,
  "invitation.not_found": otherwise,
  "store.not_found": wire(404, 1001, "store_not_found"),
  "store.slug_taken": wire(409, 1003, "store_name_already_exists"),
  "store.is_default": wire(409, 1003, "store_is_default"),
  "store.not_empty": wire(409, 1003, "store_not_empty"),
  "secret.not_found": noSecret,
  "secret.name_taken": wire(409, 1003, "secret_name_already_exists"),
  "secret.expired": noSecret,
  "secret.no_value": noSecret,
  "version.not_found": noSecret,
  "document.not_found": otherwise,
  "document.name_taken": otherwise,
  "token.not_found": otherwise,
  "job.not_found": otherwise,
  "trust.not_found": otherwise,
  "trust.audience_taken": otherwise,
  "key.not_found": otherwise,
  "key.in_use": otherwise,
  "key.not_held": otherwise,
  "key.rotated": unavailable,
  "key.unreadable": otherwise,
  // Another writer was faster; clients ask again after this status.
  "precondition.failed": unavailable,
  "quota.exceeded": wire(400, 1003, "quota_exceeded"),
  "rate.exceeded": tooMany,
  "custody.client": wire(400, 1003, "account_is_sealed_by_its_clients"),
  "cursor.invalid": otherwise,
  "feed.too_old": otherwise,
  "server.sealed": unavailable,
  "server.busy": unavailable,
  "storage.unavailable": unavailable,
  "storage.outcome_unknown": wire(503, 1002, "outcome_unknown"),
  "storage.full": unavailable,
  "value.integrity": fault,
  "value.missing": fault,
  "backend.unavailable": unavailable,
  "backend.not_found": fault,
  internal: fault,
} satisfies ErrorTable<Wire>;

/** Where services read values; what they are refused is always in words, see routes/values.ts. */
const reading = /^\/accounts\/[^/]*\/secrets_store\/stores\/[^/]*\/values(?:\/|$)/;
const reference = wire(404, 10182, "");
const readingErrors: { readonly [C in ErrorCode]?: Wire } = {
  "caller.denied": wire(403, 10021, ""),
  "store.not_found": reference,
  "secret.not_found": reference,
  "secret.expired": reference,
  "secret.no_value": reference,
};

export function presentError(error: CofferError, context: ErrorContext): ErrorReply {
  const { status, ...first } = told(error, context);
  const more: readonly WireError[] =
    first.code === 7003 ? [{ code: noRoute.code, message: noRoute.message }] : [];
  const { retryAfterSeconds = 60 } = error.details;
  return {
    status,
    headers: {
      "cf-ray": context.requestId,
      // Its clients ask two to ten times more after a conflict, which would not change it.
      ...(status === 409 ? { "x-should-retry": "false" } : {}),
      ...(status === 429 ? { "retry-after": String(retryAfterSeconds) } : {}),
    },
    body: { success: false, errors: [first, ...more], messages: [], result: null },
  };
}

function told(error: CofferError, context: ErrorContext): WireError & { readonly status: number } {
  const { code, details } = error;
  const path = pathOf(context);
  const word = wordOf(error);
  const plain = (word !== null && reading.test(path) ? readingErrors[code] : undefined) ?? errors[code];
  if (word !== null) {
    const source = word.pointer === undefined ? {} : { source: { pointer: word.pointer } };
    return { ...plain, message: word.text, ...source };
  }
  switch (code) {
    case "caller.unauthenticated":
      return unauthenticated(error, path, context);
    case "caller.denied":
      return deniedAt(path);
    case "request.invalid":
      return badRequest(details.field, path);
    case "route.not_found":
      return details.field === "id" ? wire(404, 1000, "not_found") : plain;
    case "quota.exceeded":
      return details.field === "stores" || details.field === "secrets"
        ? { ...plain, message: `maximum_${details.field}_exceeded` }
        : plain;
    default:
      return plain;
  }
}

/** Below the base URL of clients. */
function pathOf({ path }: ErrorContext): string {
  return path.replace(/^(?:\/cloudflare)?\/client\/v4/, "");
}

const malformedChain = [{ code: 6111, message: "Invalid format for Authorization header" }] as const;

function unauthenticated(error: CofferError, path: string, { headers }: ErrorContext) {
  if (error.details.field === "authorization") {
    return { ...wire(400, 6003, "Invalid request headers"), error_chain: malformedChain };
  }
  const plain = errors[error.code];
  if (error.because === "missing") {
    const ofAccount = /^\/accounts\/./.test(path);
    return ofAccount ? plain : wire(401, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers");
  }
  if (error.because !== "misplaced" && pair(headers) !== null) {
    return wire(403, 9103, "Unknown X-Auth-Key or X-Auth-Email");
  }
  // What clients take for the sign of a token that is an account's and no user's.
  return path.endsWith("/tokens/verify") ? wire(401, 1000, "Invalid API Token") : plain;
}

/** Clients know by these codes that a token has no user, and go on without one. */
function deniedAt(path: string): Wire {
  if (path === "/user") return wire(403, 9109, "Unauthorized to access requested resource");
  return path === "/memberships" ? wire(403, 9106, "Authentication failed (status: 403)") : denied;
}

const pathCharactersShown = 256;

function badRequest(field: string | undefined, path: string): Wire {
  if (field === "account" || field === "url") {
    const shown = path.slice(0, pathCharactersShown);
    return wire(400, 7003, `Could not route to ${shown}, perhaps your object identifier is invalid?`);
  }
  return field === "body" ? errors["request.media_type"] : otherwise;
}
