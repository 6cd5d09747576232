// What `coffer doctor --online` asks a server: its readiness, its metrics, and the certificate it shows.
import { isIP } from "node:net";
import { connect } from "node:tls";
import type { RemoteFacts } from "../server/doctor/remote.ts";
import { readScrape } from "../server/doctor/scrape.ts";
import { exitCodes } from "./exit-codes.ts";
import { Failure } from "./failure.ts";
import { isLoopback } from "./http.ts";
import { list, nullable, object, optional, parseJson, type Shape, text } from "./shapes.ts";

const answerMs = 10_000;

export async function askServer(url: URL, token: string): Promise<RemoteFacts> {
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const at = new URL(url);
    at.pathname = `${url.pathname.replace(/\/$/, "")}${path}`;
    const init = { headers, redirect: "manual", signal: AbortSignal.timeout(answerMs) } as const;
    const response = await fetch(at, init).catch((cause: unknown) => {
      throw unreachable(url, cause);
    });
    return { status: response.status, text: await response.text() };
  };
  const told = parseJson((await ask("/readyz")).text);
  if (!readiness(told)) throw unreachable(url);
  const metrics = await ask("/metrics", { authorization: `Bearer ${token}` });
  return {
    now: Date.now(),
    url: url.origin,
    ready: {
      status: told.status,
      failing: told.failing ?? [],
      expects: told.expects ?? null,
      warnings: told.warnings ?? [],
    },
    metrics: metrics.status === 200 ? readScrape(metrics.text) : null,
    openHttp: url.protocol === "http:" && !isLoopback(url.hostname),
    certificate: url.protocol === "https:" ? await certificateOf(url) : null,
  };
}

const statuses = ["ready", "sealed", "unavailable", "draining"] as const;
const status: Shape<(typeof statuses)[number]> = (value): value is (typeof statuses)[number] =>
  statuses.some((known) => known === value);
const readiness = object({
  status,
  failing: optional(list(text)),
  expects: optional(nullable(text)),
  warnings: optional(list(text)),
});

function unreachable(url: URL, cause?: unknown): Failure {
  return new Failure(
    exitCodes.unreachable,
    `no Coffer server answers at ${url.origin}`,
    { hint: "is it running? on its host: coffer doctor" },
    { cause },
  );
}

/** What was trusted is known by now: the requests before went through. Null: it could not be seen. */
function certificateOf(url: URL): Promise<RemoteFacts["certificate"]> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve) => {
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const socket = connect({ host, port: Number(url.port || 443), rejectUnauthorized: false, ...servername });
    const ended = (answer: RemoteFacts["certificate"]) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(answerMs, () => ended(null));
    socket.once("error", () => ended(null));
    socket.once("secureConnect", () => {
      const { valid_to: validTo } = socket.getPeerCertificate();
      const endsAt = Date.parse(validTo);
      ended(Number.isNaN(endsAt) ? null : { path: url.host, endsAt, renews: false });
    });
  });
}
