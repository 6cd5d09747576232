// Bodies: strict JSON in well-formed UTF-8. What was wrong is said, what was sent is never repeated.
import type { FastifyInstance } from "fastify";
import { CofferError, invalid } from "../core/errors.ts";
import { limits } from "../core/limits.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

export function parseJson(bytes: Buffer): unknown {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (cause) {
    throw new CofferError(
      "request.invalid",
      "The body must be well-formed UTF-8.",
      { field: "body" },
      { cause },
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The engine's own message quotes the body, which may be a secret: no cause goes along.
    throw new CofferError("request.invalid", "The body must be valid JSON.", { field: "body" });
  }
  refuseDepth(value, 0);
  // A reviver would cost every body; only one that could hold such a member is searched.
  if (text.includes("__proto__") || text.includes("\\u005f")) refusePrototype(value);
  return value;
}

/** The engine's own parser takes any depth; whoever walks what it made would run out of stack. */
function refuseDepth(value: unknown, depth: number): void {
  if (typeof value !== "object" || value === null) return;
  const limit = limits.bodyDepthMax;
  if (depth === limit) throw invalid("body", `must not be nested deeper than ${limit}`, { limit });
  for (const member of Array.isArray(value) ? value : Object.values(value)) refuseDepth(member, depth + 1);
}

/** Of a body that is not too deep. */
function refusePrototype(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    if (key === "__proto__") throw invalid("body", 'must not have a member "__proto__"');
    refusePrototype(member);
  }
}

/** Replaces the framework's parsers, which are laxer, in one encapsulated part of the server. */
export function acceptJson(app: FastifyInstance, bodies: "strict" | "assumed"): void {
  app.removeAllContentTypeParsers();
  const type = bodies === "strict" ? "application/json" : "*";
  if (bodies === "assumed") {
    // Also what the framework could not read as a type, and would refuse.
    app.addHook("onRequest", (request, _reply, next) => {
      delete request.headers["content-type"];
      next();
    });
  }
  app.addContentTypeParser(type, { parseAs: "buffer" }, (_request, body, done) => {
    try {
      const bytes = typeof body === "string" ? Buffer.from(body) : body;
      done(null, bytes.length === 0 ? undefined : parseJson(bytes));
    } catch (error) {
      done(error instanceof Error ? error : new Error("unreadable body"));
    }
  });
}
