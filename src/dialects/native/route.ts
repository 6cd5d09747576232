// One route: what the framework needs to serve it and what the document says of it, declared once.
// It knows no domain. Keeps: a handler sees exactly what its schemas let through.
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Static, type TObject, type TSchema, Type } from "typebox";
import { noBody, noQuery } from "./schema.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** The names that stand with a colon in a path. */
type Names<Url extends string> = Url extends `${string}:${infer Name}/${infer Rest}`
  ? Name | Names<`/${Rest}`>
  : Url extends `${string}:${infer Name}`
    ? Name
    : never;

export interface Declaration<Url extends string, Q extends TSchema, B extends TSchema, A extends TSchema> {
  readonly method: Method;
  readonly url: Url;
  readonly operationId: string;
  readonly summary: string;
  readonly query?: Q;
  readonly body?: B;
  readonly status: 200 | 201 | 204;
  readonly answer?: A;
  /** Where the framework's own bound does not fit. */
  readonly bodyBytesMax?: number;
  /** Which precondition the route heeds. */
  readonly condition?: "if-match" | "if-none-match";
  readonly public?: true;
}

export type Asked<Url extends string, Q extends TSchema, B extends TSchema> = FastifyRequest<{
  Params: Record<Names<Url>, string>;
  Querystring: Static<Q>;
  Body: Static<B>;
}>;

export interface Route {
  readonly method: Method;
  readonly url: string;
  readonly operationId: string;
  readonly summary: string;
  readonly query: TObject;
  /** Null where the route takes none. */
  readonly body: TSchema | null;
  readonly status: number;
  readonly answer: TSchema | null;
  readonly condition: Declaration<string, TSchema, TSchema, TSchema>["condition"] | null;
  readonly public: boolean;
  readonly register: (app: FastifyInstance) => void;
}

const nothing = Type.Unsafe<void>({});

export function route<
  const Url extends string,
  Q extends TObject = typeof noQuery,
  B extends TSchema = typeof noBody,
  A extends TSchema = typeof nothing,
>(
  declared: Declaration<Url, Q, B, A>,
  handler: (asked: Asked<Url, Q, B>, reply: FastifyReply) => Promise<Static<A> | FastifyReply>,
): Route {
  const { method, url, status, answer, bodyBytesMax } = declared;
  const query = declared.query ?? noQuery;
  const takesBody = method !== "GET";
  return {
    method,
    url,
    operationId: declared.operationId,
    summary: declared.summary,
    query,
    body: declared.body ?? null,
    status,
    answer: answer ?? null,
    condition: declared.condition ?? null,
    public: declared.public ?? false,
    register(app) {
      app.route<{ Params: Record<Names<Url>, string>; Querystring: Static<Q>; Body: Static<B> }>({
        method,
        url,
        exposeHeadRoute: false,
        config: declared.public === true ? { public: true } : {},
        ...(bodyBytesMax === undefined ? {} : { bodyLimit: bodyBytesMax }),
        schema: {
          querystring: query,
          ...(takesBody ? { body: declared.body ?? noBody } : {}),
          ...(answer === undefined ? {} : { response: { [status]: answer } }),
        },
        handler:
          status === 200
            ? handler
            : (asked, reply) => {
                reply.code(status);
                return handler(asked, reply);
              },
      });
    },
  };
}
