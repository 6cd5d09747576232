// Vault's or OpenBao's KV engine, version 2. One path holds one secret and its versions are KV's own, so that
// whoever may read the path finds the value there. Every write names the version that it follows: a late one
// meets a newer and is refused.
import { setTimeout as pause } from "node:timers/promises";
import {
  type Backend,
  BackendError,
  type OwnedObject,
  type RemotePlace,
  type RemoteVersion,
  type RemoteWrite,
} from "../core/backends/port.ts";
import type { Clock } from "../core/clock.ts";
import { type Attempt, beginOperation } from "./attempts.ts";
import { namesOf, tags } from "./names.ts";
import { bytesOf, textOf } from "./payload.ts";
import type { VaultSettings } from "./settings.ts";
import { type Json, objectIn, vaultClient } from "./vault-http.ts";

/**
 * An entry of Consul, the smallest storage, holds 512 KiB; a value with an escape for each of its bytes
 * becomes six times as long.
 */
const bytesMax = 81_920;
/** The 100 that the core keeps, and as many again that were not taken; past it KV drops the oldest. */
const versionsMax = 256;
/** Objects of one page; each is one more request. */
const pageObjects = 100;
/** Of a page, or of the versions of one secret, looked at side by side. */
const sideBySide = 8;
/** How often a write meets somebody else's, of whom each time one gets through, before it gives up. */
const conflictsMax = 100;
const conflictMs = 50;

/** Which write made a version; it stands beside the value. */
const writeMember = "coffer_write";

export interface VaultOptions {
  readonly name: string;
  readonly installationId: string;
  readonly clock: Clock;
}

export function vaultKv2(settings: VaultSettings, { name, installationId, clock }: VaultOptions): Backend {
  const { mount, payload, patience } = settings;
  const ask = vaultClient(settings, clock);
  const names = namesOf(installationId, "/");
  const begin = () => beginOperation(patience);
  let mountSeen = false;

  /** Version 1 of the engine takes the same requests, and keeps them as if they were values. */
  async function seeMount(attempt: Attempt): Promise<void> {
    const path = `sys/internal/ui/mounts/${mount}`;
    const { data } = await ask(attempt, { method: "GET", path, lost: "unavailable" });
    if (objectIn(data, "options")?.version !== "2") throw new BackendError("invalid");
    mountSeen = true;
  }

  async function read(attempt: Attempt, path: string, version?: string): Promise<Stored> {
    const query = version === undefined ? "" : `?version=${version}`;
    const request = { method: "GET", path: `${mount}/data/${path}${query}`, lost: "unavailable" } as const;
    const { found, data } = await ask(attempt, request);
    return {
      version: numberIn(objectIn(data, "metadata"), "version"),
      data: found ? objectIn(data, "data") : null,
    };
  }

  async function metadata(attempt: Attempt, path: string): Promise<Json | null> {
    const request = { method: "GET", path: `${mount}/metadata/${path}`, lost: "unavailable" } as const;
    return (await ask(attempt, request)).data;
  }

  /** Says whose it is, before it holds anything. */
  async function describe(attempt: Attempt, path: string, secretId: string): Promise<void> {
    const body = {
      max_versions: versionsMax,
      cas_required: true,
      custom_metadata: { [tags.installation]: installationId, [tags.secret]: secretId },
    };
    await ask(attempt, { method: "POST", path: `${mount}/metadata/${path}`, body, lost: "unavailable" });
  }

  /** The version that was made, or null where another was in between. */
  async function write(attempt: Attempt, path: string, after: number, data: object): Promise<number | null> {
    const body = { options: { cas: after }, data };
    try {
      const request = { method: "POST", path: `${mount}/data/${path}`, body, lost: "ambiguous" } as const;
      const answer = await ask(attempt, request);
      const version = numberIn(answer.data, "version");
      if (version === 0) throw new BackendError("ambiguous");
      return version;
    } catch (error) {
      if (error instanceof BackendError && error.failure === "conflict") return null;
      throw error;
    }
  }

  async function find(attempt: Attempt, path: string, writeId: string): Promise<string | null> {
    const versions = liveVersions(await metadata(attempt, path)).reverse();
    for (const some of chunks(versions, sideBySide)) {
      const stored = await Promise.all(some.map(({ version }) => read(attempt, path, version)));
      const made = stored.find(({ data }) => data?.[writeMember] === writeId);
      if (made !== undefined) return String(made.version);
    }
    return null;
  }

  async function owned(attempt: Attempt, secretId: string): Promise<OwnedObject | null> {
    const path = names.prefix + secretId;
    const about = await metadata(attempt, path);
    if (about === null) return null;
    const versions = liveVersions(about);
    const owner = objectIn(about, "custom_metadata");
    // A write that came after its secret was deleted made the path anew, with nothing said about it.
    const ours =
      owner === null
        ? (await read(attempt, path)).data?.[writeMember] !== undefined
        : owner[tags.installation] === installationId && owner[tags.secret] === secretId;
    if (!ours) return null;
    return {
      ref: path,
      versions: versions.map((it) => ({ ...it, writeId: null })),
      createdAt: timeOf(about.created_time),
    };
  }

  async function readMarker(attempt: Attempt): Promise<{ version: number; epoch: number | null }> {
    const { version, data } = await read(attempt, names.marker);
    return { version, epoch: typeof data?.epoch === "number" ? data.epoch : null };
  }

  return {
    name,
    kind: settings.kind,
    payload,
    limits: { maxBytes: bytesMax, maxVersions: versionsMax },
    refOf: names.of,
    locationOf: (place) => `${mount}/data/${names.of(place)}`,

    async put({ place, writeId, bytes }: RemoteWrite): Promise<RemoteVersion> {
      if (bytes.length > bytesMax) throw new BackendError("too-large");
      const attempt = begin();
      const ref = names.of(place);
      const data = {
        ...(payload === "native" ? { value: textOf(bytes) } : sealed(bytes)),
        [writeMember]: writeId,
      };
      if (!mountSeen) await seeMount(attempt);
      for (let conflicts = 0; conflicts < conflictsMax; conflicts += 1) {
        const newest = await read(attempt, ref);
        if (newest.data?.[writeMember] === writeId) return { ref, version: String(newest.version) };
        if (newest.version === 0) await describe(attempt, ref, place.secretId);
        const version = await write(attempt, ref, newest.version, data);
        if (version !== null) return { ref, version: String(version) };
        await pause(Math.random() * conflictMs);
      }
      throw new BackendError("conflict");
    },

    async get({ ref, version }: RemoteVersion): Promise<Uint8Array> {
      const { data } = await read(begin(), ref, version);
      if (data === null) throw new BackendError("not-found");
      return storedValue(data);
    },

    async probe(place: RemotePlace, writeId: string): Promise<RemoteVersion | null> {
      const ref = names.of(place);
      const version = await find(begin(), ref, writeId);
      return version === null ? null : { ref, version };
    },

    async destroyVersion({ ref, version }: RemoteVersion): Promise<void> {
      const body = { versions: [Number(version)] };
      await ask(begin(), { method: "PUT", path: `${mount}/destroy/${ref}`, body, lost: "ambiguous" });
    },

    async deleteObject(ref: string): Promise<void> {
      await ask(begin(), { method: "DELETE", path: `${mount}/metadata/${ref}`, lost: "ambiguous" });
    },

    async listOwned(cursor) {
      const attempt = begin();
      // OpenBao turns pages; Vault answers with everything, of which a page is cut.
      const page = `list=true&after=${encodeURIComponent(cursor ?? "")}&limit=${pageObjects + 1}`;
      const request = {
        method: "GET",
        path: `${mount}/metadata/${names.prefix}?${page}`,
        lost: "unavailable",
      } as const;
      const { data } = await ask(attempt, request);
      const keys = Array.isArray(data?.keys) ? data.keys.map(String) : [];
      const later = keys.filter((key) => key > (cursor ?? "")).sort();
      const here = later.slice(0, pageObjects);
      const items: OwnedObject[] = [];
      for (const some of chunks(
        here.filter((key) => names.secretOf(names.prefix + key) !== null),
        sideBySide,
      )) {
        const found = await Promise.all(some.map((secretId) => owned(attempt, secretId)));
        items.push(...found.filter((it) => it !== null));
      }
      return { items, next: later.length > pageObjects ? (here.at(-1) ?? null) : null };
    },

    async readEpoch() {
      return (await readMarker(begin())).epoch;
    },

    async writeEpoch(epoch) {
      const attempt = begin();
      for (let conflicts = 0; conflicts < conflictsMax; conflicts += 1) {
        const known = await readMarker(attempt);
        if (known.epoch !== null && known.epoch >= epoch) return;
        if ((await write(attempt, names.marker, known.version, { epoch })) !== null) return;
      }
      throw new BackendError("conflict");
    },

    async health() {
      const attempt = begin();
      await seeMount(attempt);
      await readMarker(attempt);
    },

    async close() {},
  };
}

interface Stored {
  /** 0: nothing was ever written there. */
  readonly version: number;
  /** Null: not there, or no longer. */
  readonly data: Json | null;
}

function sealed(bytes: Uint8Array): { readonly sealed: string } {
  return { sealed: Buffer.from(bytes).toString("base64") };
}

/** It says itself how it was written: a path outlives a change of its backend's `payload`. */
function storedValue({ sealed, value }: Json): Uint8Array {
  if (typeof value === "string") return bytesOf(value);
  const bytes = typeof sealed === "string" ? Buffer.from(sealed, "base64") : null;
  if (bytes === null || bytes.toString("base64") !== sealed) throw new BackendError("not-found");
  return bytes;
}

/** Those that can still be had, by reading or by undoing a deletion; oldest first. */
function liveVersions(about: Json | null): { readonly version: string; readonly createdAt: number }[] {
  return Object.entries(objectIn(about, "versions") ?? {})
    .map(([version, it]) => ({ version, about: it as Json })) // KV's own form
    .filter(({ about: it }) => it.destroyed !== true)
    .sort((one, other) => Number(one.version) - Number(other.version))
    .map(({ version, about: it }) => ({ version, createdAt: timeOf(it.created_time) }));
}

function numberIn(json: Json | null, key: string): number {
  const value = json?.[key];
  return typeof value === "number" && Number.isSafeInteger(value) ? value : 0;
}

/** What cannot be read is as young as can be: nothing is swept away for its age. */
function timeOf(text: unknown): number {
  const time = typeof text === "string" ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? Number.MAX_SAFE_INTEGER : time;
}

function* chunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
