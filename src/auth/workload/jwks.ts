// The public keys of issuers, kept for a while. It asks each source once at a time, seldom, and only
// when it must; a set that grew old is used on for a bounded time while its source does not answer.
import { constants, open } from "node:fs/promises";
import { createLocalJWKSet, type LocalJWKSet } from "jose";
import type { Clock } from "../../core/clock.ts";
import { CofferError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import { tokenRefused } from "../../core/trusts/admission.ts";
import { type PublicKey, usableKeys } from "../../core/trusts/keys.ts";
import type { WorkloadRules } from "../../core/trusts/rules.ts";
import type { TrustTerms } from "../../core/trusts/trust.ts";
import type { Fetcher } from "./fetch.ts";

export interface KeySets {
  /** The keys of a trust's issuer, with one of that kid among them; throws where there is none. */
  find(trust: KeysOf, kid: string): Promise<LocalJWKSet>;
  /** For the making of a trust: throws `request.invalid` where its keys may not be asked for. */
  check(trust: KeysOf): Promise<void>;
}

export type KeysOf = Pick<TrustTerms, "issuer" | "jwks">;

interface KeySet {
  readonly kids: ReadonlySet<string>;
  readonly resolve: LocalJWKSet;
}

interface Source {
  readonly load: () => Promise<KeySet>;
  readonly freshMs: number;
  readonly staleMs: number;
  readonly retryMs: number;
  set: KeySet | null;
  loadedAt: number;
  triedAt: number;
  /** Why the last try failed; null when it did not. */
  failure: CofferError | null;
  pending: Promise<void> | null;
}

export function keySets(parts: {
  readonly rules: WorkloadRules;
  readonly clock: Clock;
  readonly fetch: Fetcher;
}): KeySets {
  const { rules, clock, fetch } = parts;
  const sources = new Map<string, Source>();

  const sourceOf = (trust: KeysOf): Source => {
    const name = nameOf(trust);
    const known = sources.get(name);
    if (known !== undefined) return known;
    if (sources.size >= limits.keySetSourcesMax) forgetOldest(sources);
    const made = newSource(trust, rules, fetch);
    sources.set(name, made);
    return made;
  };

  const load = async (source: Source, at: number): Promise<void> => {
    source.triedAt = at;
    try {
      source.set = await source.load();
      source.loadedAt = at;
      source.failure = null;
    } catch (error) {
      if (!(error instanceof CofferError)) throw error;
      source.failure = error;
    }
  };

  const refresh = (source: Source, at: number): Promise<void> => {
    if (source.pending !== null) return source.pending;
    const under = [...sources.values()].filter(({ pending }) => pending !== null).length;
    if (under >= limits.keySetFetchesMax) throw tokenRefused("too many key sets are being fetched");
    source.pending = load(source, at).finally(() => {
      source.pending = null;
    });
    return source.pending;
  };

  return {
    async find(trust, kid) {
      if ("keys" in trust.jwks) return known(setOf(trust.jwks.keys), kid).resolve;
      const source = sourceOf(trust);
      if (isDue(source, kid, clock.now())) await refresh(source, clock.now());
      return known(standing(source, clock.now()), kid).resolve;
    },
    async check({ issuer, jwks }) {
      const url = "discovery" in jwks ? discoveryUrl(issuer) : "url" in jwks ? jwks.url : null;
      if (url === null) return;
      try {
        await fetch.check(url);
      } catch (cause) {
        if (!(cause instanceof CofferError)) throw cause;
        throw unreachable("url" in jwks ? "jwks.url" : "issuer", cause);
      }
    },
  };
}

/** Whether to ask the source (again) before this token is judged. */
function isDue(source: Source, kid: string, now: number): boolean {
  const sinceTried = elapsed(source.triedAt, now);
  if (source.failure !== null && sinceTried < source.retryMs) return false;
  if (source.set === null || elapsed(source.loadedAt, now) >= source.freshMs) return true;
  return !source.set.kids.has(kid) && sinceTried >= limits.keySetUnknownKeyMs;
}

/** A clock that was set back must not keep old keys alive. */
function elapsed(since: number, now: number): number {
  return now >= since ? now - since : Number.POSITIVE_INFINITY;
}

function standing(source: Source, now: number): KeySet {
  const { set, loadedAt, staleMs, failure } = source;
  if (set !== null && elapsed(loadedAt, now) < staleMs) return set;
  throw failure ?? tokenRefused("the issuer's keys are too old");
}

function known(set: KeySet, kid: string): KeySet {
  if (!set.kids.has(kid)) throw tokenRefused("its issuer has no key of its kid");
  return set;
}

function newSource({ issuer, jwks }: KeysOf, rules: WorkloadRules, fetch: Fetcher): Source {
  const state = { set: null, loadedAt: 0, triedAt: 0, failure: null, pending: null };
  if ("file" in jwks) {
    const { keyFileFreshMs: freshMs, keyFileStaleMs: staleMs } = limits;
    return { ...state, load: () => fromFile(jwks.file, rules), freshMs, staleMs, retryMs: freshMs };
  }
  const { keySetFreshMs: freshMs, keySetStaleMs: staleMs, keySetRetryMs: retryMs } = limits;
  const load = async (): Promise<KeySet> => {
    const url = "url" in jwks ? jwks.url : await discover(issuer, fetch);
    return parsed(await fetch.json(url));
  };
  return { ...state, load, freshMs, staleMs, retryMs };
}

function nameOf({ issuer, jwks }: KeysOf): string {
  if ("url" in jwks) return `url ${jwks.url}`;
  return "file" in jwks ? `file ${jwks.file}` : `discovery ${issuer}`;
}

function forgetOldest(sources: Map<string, Source>): void {
  for (const [name, { pending }] of sources) {
    if (pending !== null) continue;
    sources.delete(name);
    return;
  }
}

function discoveryUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
}

async function discover(issuer: string, fetch: Fetcher): Promise<string> {
  const document = await fetch.json(discoveryUrl(issuer));
  const isDocument = typeof document === "object" && document !== null;
  if (!isDocument || !("issuer" in document) || document.issuer !== issuer) {
    throw tokenRefused("the discovery document is not of the trust's issuer");
  }
  if (
    !("jwks_uri" in document) ||
    typeof document.jwks_uri !== "string" ||
    !URL.canParse(document.jwks_uri)
  ) {
    throw tokenRefused("the discovery document does not say where the keys are");
  }
  return document.jwks_uri;
}

function parsed(document: unknown): KeySet {
  const keys = usableKeys(document);
  if (keys === null) throw tokenRefused("what was answered is not a key set");
  if (keys.length === 0) throw tokenRefused("the key set has no usable key");
  return setOf(keys);
}

function setOf(keys: readonly PublicKey[]): KeySet {
  return {
    kids: new Set(keys.map(({ kid }) => kid)),
    resolve: createLocalJWKSet({ keys: keys.map((key) => ({ ...key })) }),
  };
}

async function fromFile(path: string, rules: WorkloadRules): Promise<KeySet> {
  if (!rules.keyFiles.includes(path)) throw tokenRefused("the configuration does not list the key file");
  let text: string;
  try {
    text = await readBounded(path);
  } catch (cause) {
    if (cause instanceof CofferError) throw cause;
    throw tokenRefused("the key file cannot be read", { cause });
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw tokenRefused("the key file is not JSON"); // the cause would quote the file
  }
  return parsed(document);
}

async function readBounded(path: string): Promise<string> {
  // NONBLOCK: a pipe put in place of the file must not hold the request.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) throw tokenRefused("the key file is not a file");
    const bytes = Buffer.alloc(limits.keySetBytesMax + 1);
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length > limits.keySetBytesMax) throw tokenRefused("the key file is too long");
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length));
  } finally {
    await file.close();
  }
}

/** One sentence for every reason: who makes trusts is not told what the server's network resolves. */
function unreachable(field: string, cause: CofferError): CofferError {
  const rule = "must be at a public address, unless the server's configuration allows its host";
  const because = cause.because === null ? {} : { because: cause.because };
  return new CofferError("request.invalid", `"${field}" ${rule}`, { field, rule }, { cause, ...because });
}
