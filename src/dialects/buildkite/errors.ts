// Every error of the domain in the words of each of the three APIs. It knows statuses and sentences,
// nothing of what went wrong. Clients print `message`; some look for parts of it, so it is exact.
import { CofferError, type ErrorCode } from "../../core/errors.ts";
import type { Rate, RateStanding } from "../../http/rate-limit.ts";
import type { ErrorContext, ErrorReply, ErrorTable } from "../dialect.ts";
import { refusal } from "./validation.ts";

interface Wire {
  readonly status: number;
  /** Null: the core's own message, which may be shown. */
  readonly message: string | null;
}

const unavailable: Wire = { status: 503, message: "Service Unavailable" };
const fault: Wire = { status: 500, message: "Internal Server Error" };
const forbidden: Wire = { status: 403, message: "Forbidden" };
const noRoute: Wire = { status: 404, message: "Not Found" };
const noSecret: Wire = { status: 404, message: "No secret found" };
const tooMany: Wire = { status: 429, message: null };
/** Nothing that these routes do comes to it, or the core's own sentence says it best. */
const asItIs: Wire = { status: 422, message: null };

const restCredential =
  "Authentication required. Please supply a valid API Access Token: https://buildkite.com/docs/apis/rest-api#authentication";

export const errors = {
  "request.invalid": asItIs,
  "request.too_large": { status: 413, message: "Request body is too large" },
  "request.media_type": { status: 400, message: "Invalid JSON in request body" },
  "route.not_found": noRoute,
  "route.method": noRoute,
  "caller.unauthenticated": { status: 401, message: restCredential },
  "caller.denied": forbidden,
  "caller.throttled": tooMany,
  "organization.not_found": { status: 404, message: "No organization found" },
  "organization.slug_taken": asItIs,
  "organization.not_empty": asItIs,
  "principal.not_found": { status: 404, message: "No user found" },
  "group.not_found": { status: 404, message: "No team found" },
  "group.name_taken": asItIs,
  "machine.not_found": { status: 404, message: "No user found" },
  "service.not_found": noRoute,
  "service.name_taken": asItIs,
  "grant.not_found": noRoute,
  "people.email_taken": asItIs,
  "people.last_owner": asItIs,
  "invitation.not_found": noRoute,
  "store.not_found": { status: 404, message: "No cluster found" },
  "store.slug_taken": asItIs,
  "store.is_default": { status: 422, message: "The default cluster cannot be deleted." },
  "store.not_empty": { status: 422, message: "The cluster still has secrets; delete them first." },
  "secret.not_found": noSecret,
  "secret.name_taken": asItIs,
  "secret.expired": noSecret,
  "secret.no_value": noSecret,
  "version.not_found": noSecret,
  "document.not_found": noRoute,
  "document.name_taken": asItIs,
  "token.not_found": { status: 404, message: "No access token found" },
  "job.not_found": { status: 404, message: "No job found" },
  "trust.not_found": noRoute,
  "trust.audience_taken": asItIs,
  "key.not_found": noRoute,
  "key.in_use": asItIs,
  "key.not_held": asItIs,
  "key.rotated": unavailable,
  "key.unreadable": asItIs,
  "precondition.failed": { status: 409, message: "The resource was changed meanwhile" },
  "quota.exceeded": asItIs,
  "rate.exceeded": tooMany,
  "custody.client": asItIs,
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

/** Where the agent's API has words of its own. */
const agentErrors: { readonly [C in ErrorCode]?: Wire } = {
  "request.invalid": { status: 400, message: null },
  "caller.unauthenticated": { status: 401, message: "Unauthorized" },
  "caller.denied": {
    status: 403,
    message: "Forbidden: job does not meet the access policy for this secret",
  },
  "job.not_found": { status: 404, message: "Job not found" },
  // The place of a job is its organization and its cluster: without them there is no job.
  "organization.not_found": { status: 404, message: "Job not found" },
  "store.not_found": { status: 404, message: "Job not found" },
  "secret.not_found": { status: 404, message: "Secret not found" },
  "secret.expired": { status: 404, message: "Secret not found" },
  "secret.no_value": { status: 404, message: "Secret not found" },
};

const graphqlCredential =
  "Authentication required. Please supply a valid API Access Token: https://buildkite.com/docs/apis/graphql-api#authentication";

export function presentError(error: CofferError, { path }: ErrorContext): ErrorReply {
  const api = apiOf(path);
  if (api === "agent") return agentReply(error);
  if (api === "graphql") return graphqlReply(error);
  const answer = restReply(error);
  return { ...answer, headers: { ...answer.headers, ...openToAll } };
}

/** The token of a job that was ended is known, and says so to the agent alone. */
const notRunning: Wire = { status: 422, message: "Job is not running" };

function agentReply(error: CofferError): ErrorReply {
  const finished = error.code === "caller.unauthenticated" && error.because === "finished";
  return reply(error, finished ? notRunning : (agentErrors[error.code] ?? errors[error.code]), {});
}

/** Browsers of any origin may read what a token opens; there is nothing here that a cookie would. */
export const openToAll = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "Link",
} as const;

function apiOf(path: string): "rest" | "agent" | "graphql" {
  if (/^(\/buildkite)?\/v3(\/|$)/.test(path)) return "agent";
  return /^(\/buildkite)?\/graphql\/v1(\/|$)/.test(path) ? "graphql" : "rest";
}

function restReply(error: CofferError): ErrorReply {
  const { code, details } = error;
  switch (code) {
    case "request.invalid":
      return reply(error, badRequest(details.field), {});
    case "secret.name_taken":
      return { headers: {}, ...refusal([{ field: "key", reason: "has already been taken" }]) };
    case "store.slug_taken":
      return { headers: {}, ...refusal([{ field: "name", reason: "has already been taken" }]) };
    case "caller.denied":
      return reply(error, details.scope === undefined ? forbidden : lacking(details.scope), {});
    case "caller.unauthenticated":
      // The contract has a token that is not taken from there as known.
      return reply(error, error.because === "elsewhere" ? forbidden : errors[code], {});
    default:
      return reply(error, errors[code], {});
  }
}

/** What a request's fields break is said in validation.ts; here is only what no field could be read of. */
function badRequest(field: string | undefined): Wire {
  return field === "body"
    ? { status: 400, message: "Invalid JSON in request body" }
    : { status: 400, message: "Bad Request" };
}

export function lacking(scope: string): Wire {
  return { status: 403, message: `Your access token doesn't have the ${scope} scope` };
}

function reply(error: CofferError, { status, message }: Wire, more: object): ErrorReply {
  if (status === 429) return rateReply(error);
  return { status, headers: {}, body: { message: message ?? error.message, ...more } };
}

/** Refusals of the request as a whole; clients of this API look for a list. */
function graphqlReply(error: CofferError): ErrorReply {
  const { status, headers } = restReply(error);
  const message = status === 401 ? graphqlCredential : sentenceOf(error);
  return { status, headers, body: { errors: [{ message }] } };
}

/** Of an error in one part of an answer; null for what concerns the request as a whole. */
export function graphqlMessage(error: unknown): string | null {
  if (!(error instanceof CofferError)) return null;
  const { status } = restReply(error);
  return status === 401 || status === 429 || status >= 500 ? null : sentenceOf(error);
}

function sentenceOf(error: CofferError): string {
  if (error.code === "request.invalid") return error.message;
  const { body } = restReply(error);
  const told = typeof body === "object" && body !== null && "message" in body ? body.message : null;
  return typeof told === "string" ? told : error.message;
}

// ---- limits of requests --------------------------------------------------------------------------

const exceeded = "You have exceeded your API rate limit.";

/** `rest_user` are the requests of a token; the service counts those of its user. */
const scopeOf: Readonly<Record<RateStanding["of"], string>> = {
  organization: "rest",
  credential: "rest_user",
};

function rateReply({ details }: CofferError): ErrorReply {
  const { field, limit, current, retryAfterSeconds: reset = 60 } = details;
  const message = `${exceeded} Please wait ${reset} seconds before making more requests.`;
  const counted =
    field === "organization" || field === "credential" ? { scope: scopeOf[field], limit, current } : {};
  // Clients read this header alone, whichever limit was hit.
  const headers = { "ratelimit-reset": String(reset) };
  return { status: 429, headers, body: { message, ...counted, reset } };
}

export function rateHeaders({ all }: Rate): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const { of, limit, remaining, resetSeconds, exceeded: past } of all) {
    const prefix = of === "organization" ? "ratelimit" : "ratelimit-user";
    headers[`${prefix}-scope`] = scopeOf[of];
    headers[`${prefix}-remaining`] = String(remaining);
    headers[`${prefix}-limit`] = String(limit);
    headers[`${prefix}-reset`] = String(resetSeconds);
    if (past) headers[`${prefix}-warning`] = exceeded;
  }
  return headers;
}
