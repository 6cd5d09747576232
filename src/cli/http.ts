// One request to a Coffer server: where it goes, how it is written, what its refusal means. It
// knows no nouns of the API. The token goes to the chosen server alone: never over open http to
// another host, never along a redirect, never into a message.
import { exitCodeOfStatus, exitCodes } from "./exit-codes.ts";
import { Failure, usage } from "./failure.ts";
import { parseJson, type Shape } from "./shapes.ts";
import { errorBody, foreignError } from "./wire.ts";

const answerTimeoutMs = 30_000;

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface Request {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Of another API than the native one. */
  readonly root?: "bitwarden/api";
  /** Segments after `/v1` or that root, not yet encoded. */
  readonly path: readonly string[];
  readonly query?: Query;
  readonly body?: unknown;
  readonly ifMatch?: number;
}

export interface Http {
  /** The answer's JSON, checked. */
  json<T>(request: Request, answer: Shape<T>): Promise<T>;
  /** For answers without a body. */
  done(request: Request): Promise<void>;
}

export function parseServerUrl(source: string, insecureHttp: boolean): URL {
  const url = URL.parse(source);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw usage("the server's URL must begin with https:// or http://", "example: http://127.0.0.1:8200");
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw usage("the server's URL must be an address alone, without user, query or fragment");
  }
  if (url.protocol === "http:" && !insecureHttp && !isLoopback(url.hostname)) {
    throw usage(
      `open http to ${url.host} would show token and values to the network`,
      "use https, or say --insecure-http if that network is safe",
    );
  }
  url.pathname = url.pathname.replace(/\/+$/, "");
  return url;
}

export function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    /^127\.\d+\.\d+\.\d+$/.test(hostname)
  );
}

export function requestUrl(
  base: URL,
  path: readonly string[],
  query: Query = {},
  root: Request["root"] | "v1" = "v1",
): URL {
  for (const segment of path) {
    // URL parsing would drop these and the request would reach another, larger thing.
    if (segment === "" || segment === "." || segment === "..") {
      throw usage(segment === "" ? "a name must not be empty" : `"${segment}" is not a name`);
    }
  }
  const url = new URL(base);
  url.pathname = [base.pathname.replace(/\/$/, ""), root, ...path.map(encodeURIComponent)].join("/");
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const each of Array.isArray(value) ? value : [value]) url.searchParams.append(key, String(each));
  }
  return url;
}

export function httpOf(base: URL, token: string | null, timeoutMs = answerTimeoutMs): Http {
  async function send(request: Request): Promise<{ status: number; body: string }> {
    const headers: Record<string, string> = { accept: "application/json" };
    if (token !== null) headers.authorization = `Bearer ${token}`;
    if (request.body !== undefined) headers["content-type"] = "application/json";
    if (request.ifMatch !== undefined) headers["if-match"] = `"${request.ifMatch}"`;
    const url = requestUrl(base, request.path, request.query, request.root);
    let response: Response;
    let body: string;
    try {
      response = await fetch(url, {
        method: request.method,
        headers,
        redirect: "manual",
        signal: AbortSignal.timeout(timeoutMs),
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      });
      body = await response.text();
    } catch (cause) {
      throw unreachable(base, request, cause);
    }
    if (response.status < 200 || response.status > 299) throw refusal(base, response, body);
    return { status: response.status, body };
  }

  return {
    async json(request, answer) {
      const { body } = await send(request);
      const parsed = parseJson(body);
      if (!answer(parsed)) throw notCoffer(base, "its answer is not what this version of coffer expects");
      return parsed;
    },
    async done(request) {
      await send(request);
    },
  };
}

function refusal(base: URL, response: Response, body: string): Failure {
  if (response.status >= 300 && response.status < 400) {
    return notCoffer(base, "it redirects elsewhere, which coffer does not follow");
  }
  const parsed = parseJson(body);
  if (foreignError(parsed)) return new Failure(exitCodeOfStatus(response.status), parsed.message, {});
  if (!errorBody(parsed)) return notCoffer(base, `it answered ${response.status} in a form of its own`);
  const { code, message, requestId, details } = parsed.error;
  const hint = hintFor(code, response.status);
  return new Failure(exitCodeOfStatus(response.status), message, {
    code,
    details,
    requestId: requestId ?? null,
    ...(hint === undefined ? {} : { hint }),
  });
}

function notCoffer(base: URL, why: string): Failure {
  return new Failure(exitCodes.unreachable, `no Coffer server at ${base.origin}: ${why}`, {
    code: "cli.not_coffer",
    hint: "check the URL: --url, COFFER_URL, or the one that `coffer login` kept",
  });
}

const hints: Readonly<Record<string, string>> = {
  "server.sealed": "the server has no root key, or the wrong one: its log names the key it expects",
  "storage.outcome_unknown": "it may have been done: look before you repeat (coffer audit list)",
  "secret.no_value": "give it one: coffer secret set NAME",
  "secret.name_taken": "list the names: coffer secret list",
  "organization.not_empty": "see what is in it (coffer secret list, coffer trash list), or use --force",
  "store.not_empty": "look inside (coffer secret list --store STORE), or use --force",
  "invitation.not_found": "ask for a new one: coffer people invite EMAIL",
  "organization.not_found": "list those you reach: coffer org list; choose with --org",
  "store.not_found": "list those you reach: coffer store list; choose with --store",
  "secret.not_found": "list the names: coffer secret list; deleted ones: coffer trash list",
  "key.in_use": "see what lies where: coffer key status [--root]",
  "key.not_held": "put the new key into that node's root key file, then: coffer key rewrap --root",
  "key.unreadable": "correct the server's root key file, and run the command again",
  "key.not_found": "list them: coffer key status [--root]",
  "precondition.failed": "it changed meanwhile: look at it and run the command again",
};

function hintFor(code: string, status: number): string | undefined {
  const known = hints[code];
  if (known !== undefined) return known;
  if (status === 401) return "log in again (coffer login), or set COFFER_TOKEN";
  if (status === 403) return "see who you are: coffer whoami";
  if (status === 429 || status === 503) return "the server cannot take this now: try again shortly";
  return undefined;
}

/** What went wrong below HTTP, in words; the network's own code is all that is shown of it. */
function unreachable(base: URL, request: Request, cause: unknown): Failure {
  const at = base.origin;
  const options = { cause };
  if (cause instanceof Error && cause.name === "TimeoutError") {
    const hint =
      request.method === "GET"
        ? "is it overloaded?"
        : "it may have been done all the same: look before you repeat";
    const message = `${at} did not answer within ${answerTimeoutMs / 1000} seconds`;
    return new Failure(exitCodes.unreachable, message, { hint }, options);
  }
  const code = networkCode(cause);
  if (code !== null && /CERT|SELF_SIGNED|UNABLE_TO_/.test(code)) {
    const named = code === "ERR_TLS_CERT_ALTNAME_INVALID";
    const what = named ? "is for other names" : "is not trusted";
    const hint = named
      ? "reach it by a name that it has, or give it this one: coffer serve --tls-names"
      : "for a private authority: --ca FILE or COFFER_CA (of `coffer serve --tls auto`: DATA/tls/ca.pem)";
    return new Failure(
      exitCodes.unreachable,
      `the certificate of ${at} ${what} (${code})`,
      { hint },
      options,
    );
  }
  const hint = "is the server running? `coffer serve` starts one; --url or COFFER_URL names another";
  const detail = code === null ? "" : ` (${code})`;
  return new Failure(exitCodes.unreachable, `cannot reach ${at}${detail}`, { hint }, options);
}

function networkCode(error: unknown): string | null {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ("code" in at && typeof at.code === "string" && /^[A-Z0-9_]+$/.test(at.code)) return at.code;
  }
  return null;
}
