// Every error of the domain on this wire. It knows statuses and sentences, nothing of what went wrong. Keeps:
// each answer that a client would send again for nothing says so, because it repeats 409 and 5xx by itself.
import type { FastifyReply } from "fastify";
import type { CofferError } from "../../core/errors.ts";
import type { ErrorReply, ErrorTable } from "../dialect.ts";

interface Wire {
  readonly status: number;
  /** Null: the core's own message, which may be shown. */
  readonly detail: string | null;
  /** What the client is told of sending it again; null: nothing, it goes by the status. */
  readonly again: boolean | null;
  readonly afterSeconds?: number;
}

const never = (status: number, detail: string | null): Wire => ({ status, detail, again: false });

const unavailable: Wire = { status: 503, detail: "Service Unavailable", again: true, afterSeconds: 1 };
const tooMany: Wire = { status: 429, detail: "Too Many Requests", again: null, afterSeconds: 60 };
const fault: Wire = { status: 500, detail: "Internal Server Error", again: null };
const forbidden = never(403, "This API key may not do that.");
const noAccount = never(403, "This API key may not use the selected account.");
const noRoute = never(404, "Not Found");
const noSecret = never(404, "Secret not found");
/** Nothing that these routes do comes to it, or the core's own sentence says it best. */
const asItIs = never(400, null);

/** Checked in validation.ts, but for what the core alone sees; `detail` is a list there. */
const invalid = never(422, null);

export const errors = {
  "request.invalid": invalid,
  "request.too_large": never(413, "Request body is too large"),
  "request.media_type": invalid,
  "route.not_found": noRoute,
  "route.method": never(405, "Method Not Allowed"),
  "caller.unauthenticated": never(401, "Missing or invalid API key"),
  "caller.denied": forbidden,
  "caller.throttled": tooMany,
  "organization.not_found": noAccount,
  "organization.slug_taken": asItIs,
  "organization.not_empty": asItIs,
  "principal.not_found": asItIs,
  "group.not_found": asItIs,
  "group.name_taken": asItIs,
  "machine.not_found": asItIs,
  "service.not_found": asItIs,
  "service.name_taken": asItIs,
  "grant.not_found": asItIs,
  "people.email_taken": asItIs,
  "people.last_owner": asItIs,
  "invitation.not_found": asItIs,
  // The account's only store: who may not know of it may do nothing in the account.
  "store.not_found": forbidden,
  "store.slug_taken": asItIs,
  "store.is_default": asItIs,
  "store.not_empty": asItIs,
  "secret.not_found": noSecret,
  "secret.name_taken": never(409, "A secret with this key already exists"),
  "secret.expired": noSecret,
  "secret.no_value": noSecret,
  "version.not_found": noSecret,
  "document.not_found": noRoute,
  "document.name_taken": asItIs,
  "token.not_found": asItIs,
  "job.not_found": asItIs,
  "trust.not_found": asItIs,
  "trust.audience_taken": asItIs,
  "key.not_found": asItIs,
  "key.in_use": asItIs,
  "key.not_held": asItIs,
  "key.rotated": unavailable,
  "key.unreadable": asItIs,
  "precondition.failed": asItIs,
  // Not 409: to its clients that is a key which is taken.
  "quota.exceeded": never(403, null),
  "rate.exceeded": tooMany,
  "custody.client": asItIs,
  "cursor.invalid": never(400, "The cursor is no secret of this account"),
  "feed.too_old": asItIs,
  "server.sealed": { status: 503, detail: "Service Unavailable", again: null, afterSeconds: 10 },
  "server.busy": unavailable,
  "storage.unavailable": unavailable,
  // A create that is sent again finds what it made; a change made twice is the same change.
  "storage.outcome_unknown": unavailable,
  // Space does not come back within a client's patience.
  "storage.full": never(503, "Service Unavailable"),
  "value.integrity": fault,
  "value.missing": fault,
  "backend.unavailable": unavailable,
  "backend.not_found": fault,
  internal: fault,
} satisfies ErrorTable<Wire>;

export function presentError(error: CofferError): ErrorReply {
  const { code, message, details } = error;
  // What cannot be an id, however it is written, is one of nothing.
  const wire: Wire = details.field === "url" ? noRoute : errors[code];
  const { status, again } = wire;
  const after = details.retryAfterSeconds ?? wire.afterSeconds;
  const headers = {
    ...(again === null ? {} : { "x-should-retry": String(again) }),
    ...(after === undefined ? {} : { "retry-after": String(after) }),
    ...(code === "route.method" ? { allow: (details.allowed ?? []).join(", ") } : {}),
  };
  if (status === 422) return { status, headers, body: { detail: [problemOf(error)] } };
  return { status, headers, body: { detail: wire.detail ?? message } };
}

/** One thing that is wrong with a request: where it stands, and a rule. Never what was sent. */
export interface Problem {
  readonly loc: readonly ["body" | "query" | "path" | "header", ...string[]];
  readonly msg: string;
  readonly type: string;
}

/** Of what the core calls otherwise. All else that it checks and this dialect does not are headers. */
const places: Readonly<Record<string, Problem["loc"]>> = {
  body: ["body"],
  name: ["body", "key"],
  value: ["body", "value"],
  description: ["body", "description"],
};

function problemOf({ message, details: { field = "request", rule } }: CofferError): Problem {
  const loc = places[field] ?? ["header", field];
  return field === "body"
    ? { loc, msg: message, type: "json_invalid" }
    : { loc, msg: `Value error, ${rule ?? message}`, type: "value_error" };
}

export interface Refusal {
  readonly status: 400 | 422;
  readonly detail: string | readonly Problem[];
}

/** What this dialect refuses by itself. */
export function refusalOf(reply: FastifyReply, { status, detail }: Refusal): FastifyReply {
  return reply.code(status).header("x-should-retry", "false").send({ detail });
}
