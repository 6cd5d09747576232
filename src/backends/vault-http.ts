// Requests to Vault or OpenBao, and what their answers mean. Keeps: an answer's text goes no further than
// this file, and "not there" is said only where the engine itself says so.
import { BackendError } from "../core/backends/port.ts";
import type { Clock } from "../core/clock.ts";
import { type Attempt, unanswered } from "./attempts.ts";
import type { VaultSettings } from "./settings.ts";
import { type AskForToken, tokensOf } from "./vault-login.ts";

export type Json = Readonly<Record<string, unknown>>;

export interface VaultRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below `/v1/`; every part of it is of letters that need no escape. */
  readonly path: string;
  readonly body?: object;
  /** What it comes to if it was sent and nothing came back. */
  readonly lost: "unavailable" | "ambiguous";
}

export interface VaultAnswer {
  /** False: what was asked for is not there. `data` may still tell of what was. */
  readonly found: boolean;
  readonly data: Json | null;
}

export type AskVault = (attempt: Attempt, request: VaultRequest) => Promise<VaultAnswer>;

/** A list of all names below one place is the longest answer; Vault's bound of a request. */
const answerBytesMax = 32 * 1024 * 1024;

export function vaultClient({ address, namespace, login }: VaultSettings, clock: Clock): AskVault {
  const send = async (request: VaultRequest, token: string | null, signal: AbortSignal): Promise<Answer> => {
    try {
      const response = await fetch(`${address}/v1/${request.path}`, {
        method: request.method,
        headers: {
          "x-vault-request": "true",
          ...(token === null ? {} : { "x-vault-token": token }),
          ...(namespace === null ? {} : { "x-vault-namespace": namespace }),
          ...(request.body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        // A token goes to the address that was configured and to no other.
        redirect: "manual",
        signal,
      });
      return { status: response.status, body: await bounded(response) };
    } catch (cause) {
      throw unanswered(cause, request.lost);
    }
  };

  const ask: AskForToken = async (path, body, signal) => {
    const answer = await send({ method: "POST", path, body, lost: "unavailable" }, null, signal);
    const json = parsed(answer.body);
    if (answer.status !== 200) throw failureOf(answer.status, json, "unavailable");
    const { client_token: token, lease_duration: leaseSeconds } = objectIn(json, "auth") ?? {};
    if (typeof token !== "string" || typeof leaseSeconds !== "number") throw new BackendError("denied");
    return { token, leaseSeconds };
  };
  const tokens = tokensOf(login, ask, clock);

  return (attempt, request) =>
    attempt(async (signal) => {
      const token = await tokens.current(signal);
      let answer = await send(request, token, signal);
      if (answer.status === 403) {
        const other = await tokens.after(token, signal);
        if (other !== null) answer = await send(request, other, signal);
      }
      return meaningOf(answer, request.lost);
    });
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function meaningOf({ status, body }: Answer, lost: VaultRequest["lost"]): VaultAnswer {
  const json = parsed(body);
  if (status === 204 || (status === 200 && json !== null)) {
    return { found: true, data: objectIn(json, "data") };
  }
  // A version that was deleted is told of; what never was has an empty list of errors. Anything else says
  // that no such engine is there, and that must not look as if values were lost.
  if (status === 404 && json !== null) {
    const data = objectIn(json, "data");
    if (data !== null || errorsIn(json)?.length === 0) return { found: false, data };
  }
  // It was done, and only the answer is broken.
  if (status < 300) throw new BackendError(lost);
  throw failureOf(status, json, lost);
}

function failureOf(status: number, json: Json | null, lost: VaultRequest["lost"]): BackendError {
  const errors = errorsIn(json);
  const id = typeof json?.request_id === "string" ? json.request_id : null;
  if (status === 400 && errors?.some((text) => text.includes("check-and-set"))) {
    return new BackendError("conflict", id);
  }
  if (status === 403 || status === 401) return new BackendError("denied", id);
  if (status === 413) return new BackendError("too-large", id);
  if (status === 429) return new BackendError("throttled", id);
  // Sealed, a standby, or behind its replication. It says so itself, before it does anything: what a proxy
  // in front of it says with the same number may come after.
  if ([412, 472, 473, 503].includes(status) && errors !== null) return new BackendError("unavailable", id);
  if (status >= 300 && status < 400) return new BackendError("unavailable", id);
  if (status >= 500) return new BackendError(lost, id);
  return new BackendError("invalid", id);
}

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) throw new Error("the answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parsed(body: string): Json | null {
  try {
    return asObject(JSON.parse(body));
  } catch {
    return null;
  }
}

export function objectIn(json: Json | null, key: string): Json | null {
  return asObject(json?.[key]);
}

function errorsIn(json: Json | null): readonly string[] | null {
  const errors = json?.errors;
  return Array.isArray(errors) ? errors.map(String) : null;
}

function asObject(value: unknown): Json | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : null;
}
