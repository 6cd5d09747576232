// What a dialect is to the server. Everything of a foreign API stands in its own folder behind
// this interface; the native API is its first user. A dialect receives operations and nothing
// else: no tables, no keys, no other dialect.
import type { FastifyInstance } from "fastify";
import type { ClientLogins } from "../core/access-tokens/login.ts";
import type { Action } from "../core/actions.ts";
import type { CofferError, ErrorCode } from "../core/errors.ts";
import type { Operations } from "../core/operations.ts";
import type { Ref } from "../core/organizations/organization.ts";
import type { Rate } from "../http/rate-limit.ts";

export interface Dialect {
  /** Stands in the audit trail as the way by which a caller came. */
  readonly name: string;
  /** The paths that are its own at the root; `routes` declares them in full. */
  readonly mounts: readonly string[];
  /** Where all of it is reachable as well, for clients that only append to a base URL. */
  readonly prefix: string | null;
  /** `strict`: bodies must say that they are JSON. `assumed`: every body is JSON, whatever it says. */
  readonly bodies: "strict" | "assumed";
  /** Pure, applied to the path before routing: what this service's clients are known to write. */
  readonly normalizePath: (path: string) => string;
  /** The credential of a request, from where this dialect's clients put it; null where there is none. */
  readonly credential: (headers: RequestHeaders) => string | null;
  /** The organization that a request names in its path or its headers; null where it names none. */
  readonly organizationNamed: (
    params: Readonly<Record<string, string>>,
    headers: RequestHeaders,
  ) => Ref | null;
  /** The service's own scopes, by which tokens may be narrowed: the actions that each comes to. */
  readonly scopes: Readonly<Record<string, readonly Action[]>>;
  readonly presentError: (error: CofferError, request: ErrorContext) => ErrorReply;
  /** Where the operator has limited requests: what this service's clients read of it, in every answer. */
  readonly rateHeaders: (rate: Rate) => Readonly<Record<string, string>>;
  readonly routes: (app: FastifyInstance, services: DialectServices) => void;
}

export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface ErrorContext {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  /** Where an answer depends on the way in which the credential came. */
  readonly headers: RequestHeaders;
}

export interface ErrorReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Null: none. */
  readonly body: unknown;
}

export interface DialectServices {
  readonly operations: Operations;
  readonly logins: ClientLogins;
  /** Where clients reach this server, for URLs in answers; without a slash at its end. */
  readonly publicUrl: string;
  /** Of services that the operator has, for contracts that know a closed list of them. */
  readonly serviceNames: readonly string[];
  /** Names that stores have besides their slugs, each with the slug. */
  readonly namespaces: ReadonlyMap<string, string>;
  /** Below which a value is taken by the contract that leaves it to the operator. */
  readonly valueKilobytes: number;
}

/** A dialect's table of errors: the compiler refuses one that forgets a code. */
export type ErrorTable<Wire> = Readonly<Record<ErrorCode, Wire>>;
