// The login of machine accounts: OAuth's client credentials, with the payload that carries the key.
import type { FastifyInstance, FastifyReply } from "fastify";
import type { DialectServices } from "../../dialect.ts";

/** A grant, a scope and two names; more is no login. */
const formBytesMax = 16 * 1024;

export function identityRoutes(app: FastifyInstance, { logins, publicUrl }: DialectServices): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "string", bodyLimit: formBytesMax }, (_request, body, done) =>
      done(null, new URLSearchParams(String(body))),
    );
    scope.post<{ Body: URLSearchParams | undefined }>(
      "/identity/connect/token",
      { config: { public: true } },
      async (request, reply) => {
        const form = request.body ?? new URLSearchParams();
        if (form.get("grant_type") !== "client_credentials") return refuse(reply, "unsupported_grant_type");
        const scopes = (form.get("scope") ?? "").split(" ").filter((name) => name !== "");
        if (scopes.join(" ") !== "api.secrets") return refuse(reply, "invalid_scope");
        const [id, secret] = basicOf(request.headers.authorization) ?? [
          form.get("client_id") ?? "",
          form.get("client_secret") ?? "",
        ];
        const login = await logins.login(id, secret, {
          dialect: "bitwarden",
          address: request.address,
          requestId: request.id,
          issuer: `${publicUrl}${app.prefix}/identity`,
        });
        return json(reply.code(200)).send({
          access_token: login.token,
          expires_in: login.expiresInSeconds,
          token_type: "Bearer",
          scope: "api.secrets",
          encrypted_payload: login.payload,
        });
      },
    );
  });
}

function refuse(reply: FastifyReply, error: string): FastifyReply {
  return json(reply.code(400)).send({ error });
}

function json(reply: FastifyReply): FastifyReply {
  return reply.header("content-type", "application/json; charset=utf-8").header("cache-control", "no-store");
}

/** RFC 6749: id and secret are form-encoded within. Null where it is not there or not readable. */
function basicOf(header: string | undefined): readonly [string, string] | null {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header ?? "")?.[1];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 0) return null;
  try {
    return [decodeURIComponent(text.slice(0, colon)), decodeURIComponent(text.slice(colon + 1))];
  } catch {
    return null;
  }
}
