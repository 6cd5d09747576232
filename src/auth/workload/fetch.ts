// One GET of a JSON document from a host that a request named: https, no redirect, bounded in time
// and size. The name is resolved once, every address is checked, and the connection is made to one
// of those very addresses: a second answer of the name server is never asked for.
import { lookup } from "node:dns/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { limits } from "../../core/limits.ts";
import { tokenRefused } from "../../core/trusts/admission.ts";
import type { WorkloadRules } from "../../core/trusts/rules.ts";
import { isPublicAddress } from "./addresses.ts";

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

export type Resolve = (host: string) => Promise<readonly ResolvedAddress[]>;

export interface Fetcher {
  /** Throws where the host of a URL may not be asked. Nothing is sent. */
  check(url: string): Promise<void>;
  json(url: string): Promise<unknown>;
}

const resolveByName: Resolve = (host) => lookup(host, { all: true });

export function fetcher(rules: WorkloadRules, resolve: Resolve = resolveByName): Fetcher {
  const addressesOf = async (url: URL): Promise<readonly ResolvedAddress[]> => {
    if (url.protocol !== "https:") throw tokenRefused("the keys are not at an https URL");
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const family = isIP(host);
    const addresses = family === 0 ? await resolved(resolve, host) : [{ address: host, family }];
    if (!isAllowed(rules, url) && !addresses.every(({ address }) => isPublicAddress(address))) {
      throw tokenRefused(`${url.hostname} leads to an address that is not public`);
    }
    return addresses;
  };

  return {
    async check(text) {
      await inTime(addressesOf(new URL(text)), AbortSignal.timeout(limits.keySetFetchMs));
    },
    async json(text) {
      const url = new URL(text);
      const deadline = AbortSignal.timeout(limits.keySetFetchMs);
      const addresses = await inTime(addressesOf(url), deadline);
      const response = await inTime(get(url, addresses, deadline), deadline);
      try {
        return parse(await inTime(bodyOf(response), deadline));
      } finally {
        response.destroy(); // whatever is left of it is not read
      }
    },
  };
}

function isAllowed(rules: WorkloadRules, url: URL): boolean {
  const port = url.port === "" ? "443" : url.port;
  return rules.allowedHosts.some((host) => host === url.hostname || host === `${url.hostname}:${port}`);
}

async function resolved(resolve: Resolve, host: string): Promise<readonly ResolvedAddress[]> {
  try {
    const addresses = await resolve(host);
    if (addresses.length > 0) return addresses;
  } catch (cause) {
    throw tokenRefused(`${host} cannot be resolved`, { cause });
  }
  throw tokenRefused(`${host} has no address`);
}

function get(url: URL, addresses: readonly ResolvedAddress[], signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      agent: false, // no connection of another time, when other addresses were checked
      lookup: pinnedTo(addresses),
      rejectUnauthorized: true, // said, so that no environment variable can unsay it
      headers: { accept: "application/json", "accept-encoding": "identity", "user-agent": "coffer" },
      signal,
    });
    asked.once("response", resolve);
    // An upgrade or a late error has nobody to answer to: the first outcome counts.
    asked.on("error", (cause) =>
      reject(tokenRefused(`${url.hostname} cannot be asked (${code(cause)})`, { cause })),
    );
    asked.end();
  });
}

function pinnedTo(addresses: readonly ResolvedAddress[]): LookupFunction {
  return (_host, { all }, done) => {
    const [first] = addresses;
    if (all === true) done(null, [...addresses]);
    else done(null, first?.address ?? "", first?.family);
  };
}

async function bodyOf(response: IncomingMessage): Promise<Uint8Array> {
  const { statusCode = 0, headers } = response;
  if (statusCode >= 300 && statusCode < 400) throw tokenRefused("the keys were answered with a redirect");
  if (statusCode !== 200) throw tokenRefused(`the keys were answered with status ${statusCode}`);
  if ((headers["content-encoding"] ?? "identity") !== "identity")
    throw tokenRefused("the keys came compressed");
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > limits.keySetBytesMax) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw tokenRefused(`the answer with the keys broke off (${code(cause)})`, { cause });
  }
  if (length > limits.keySetBytesMax) throw tokenRefused("the answer with the keys is too long");
  return Buffer.concat(chunks);
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw tokenRefused("the answer with the keys is not JSON"); // the cause would quote the answer
  }
}

/** The deadline holds for name servers, too, whose answer cannot be called off. */
async function inTime<T>(work: Promise<T>, deadline: AbortSignal): Promise<T> {
  const late = Promise.withResolvers<never>();
  const end = (): void => late.reject(tokenRefused("the keys did not come in time"));
  if (deadline.aborted) end();
  deadline.addEventListener("abort", end, { once: true });
  try {
    return await Promise.race([late.promise, work]);
  } finally {
    deadline.removeEventListener("abort", end);
    work.catch(() => {}); // it may still fail when nobody waits for it any more
  }
}

function code(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "no code";
}
