// A backend of values that lives in the test's own memory and fails as it is told to. What the vendors do
// is not shown by it; that is what the adapters' own tests are for.
import {
  type Backend,
  BackendError,
  type BackendFailure,
  type OwnedObject,
  type RemotePlace,
  type RemoteVersion,
  type RemoteWrite,
} from "../../src/core/backends/port.ts";

interface Stored {
  readonly writeId: string;
  readonly bytes: Uint8Array;
  readonly createdAt: number;
}

type Step = "put" | "get" | "probe" | "destroyVersion" | "deleteObject" | "listOwned" | "health";

export interface MemoryBackend extends Backend {
  readonly objects: Map<string, { readonly createdAt: number; readonly versions: Map<string, Stored> }>;
  /** Every call of the step fails like this; null: none does any more. */
  fails(step: Step | "all", failure: BackendFailure | null): void;
  /** Called before a step does what it should; the test may hold it, or break it. */
  before: ((step: Step) => Promise<void> | void) | null;
  /** The answer to the next `put` is lost, after it was done. */
  losesAnswer: boolean;
  readonly calls: Record<Step, number>;
  bytes(): readonly Uint8Array[];
  epoch: number | null;
}

export interface MemoryOptions {
  readonly name?: string;
  readonly payload?: "sealed" | "native";
  readonly maxBytes?: number;
  readonly maxVersions?: number;
  readonly now?: () => number;
}

export function memoryBackend(options: MemoryOptions = {}): MemoryBackend {
  const {
    name = "vault",
    payload = "sealed",
    maxBytes = 1_048_576,
    maxVersions = 100,
    now = Date.now,
  } = options;
  const objects: MemoryBackend["objects"] = new Map();
  const failures = new Map<Step | "all", BackendFailure>();
  const calls = { put: 0, get: 0, probe: 0, destroyVersion: 0, deleteObject: 0, listOwned: 0, health: 0 };
  let next = 0;

  const begin = async (step: Step) => {
    calls[step] += 1;
    await backend.before?.(step);
    const failure = failures.get(step) ?? failures.get("all");
    if (failure !== undefined) throw new BackendError(failure, "memory-1");
  };
  const refOf = ({ organizationId, secretId }: RemotePlace) => `${organizationId}/${secretId}`;
  const find = ({ ref, version }: RemoteVersion) => objects.get(ref)?.versions.get(version);

  const backend: MemoryBackend = {
    name,
    kind: "memory",
    payload,
    limits: { maxBytes, maxVersions },
    objects,
    before: null,
    losesAnswer: false,
    calls,
    epoch: null,
    fails(step, failure) {
      if (failure === null) failures.delete(step);
      else failures.set(step, failure);
    },
    bytes: () => [...objects.values()].flatMap(({ versions }) => [...versions.values()].map((v) => v.bytes)),
    refOf,
    locationOf: refOf,
    async put({ place, writeId, bytes }: RemoteWrite) {
      await begin("put");
      if (bytes.length > maxBytes) throw new BackendError("too-large");
      const ref = refOf(place);
      const object = objects.get(ref) ?? { createdAt: now(), versions: new Map<string, Stored>() };
      objects.set(ref, object);
      next += 1;
      const version = String(next);
      object.versions.set(version, { writeId, bytes: Uint8Array.from(bytes), createdAt: now() });
      if (backend.losesAnswer) {
        backend.losesAnswer = false;
        throw new BackendError("ambiguous");
      }
      return { ref, version };
    },
    async get(at) {
      await begin("get");
      const stored = find(at);
      if (stored === undefined) throw new BackendError("not-found");
      return Uint8Array.from(stored.bytes);
    },
    async probe(place, writeId) {
      await begin("probe");
      const ref = refOf(place);
      for (const [version, stored] of objects.get(ref)?.versions ?? []) {
        if (stored.writeId === writeId) return { ref, version };
      }
      return null;
    },
    async destroyVersion(at) {
      await begin("destroyVersion");
      objects.get(at.ref)?.versions.delete(at.version);
    },
    async deleteObject(ref) {
      await begin("deleteObject");
      objects.delete(ref);
    },
    async listOwned(cursor) {
      await begin("listOwned");
      const refs = [...objects.keys()].sort().filter((ref) => cursor === null || ref > cursor);
      const items = refs.slice(0, 3).map((ref): OwnedObject => {
        const object = objects.get(ref);
        const versions = [...(object?.versions ?? [])].map(([version, { writeId, createdAt }]) => ({
          version,
          writeId,
          createdAt,
        }));
        return { ref, versions, createdAt: object?.createdAt ?? 0 };
      });
      return { items, next: refs.length > 3 ? (items.at(-1)?.ref ?? null) : null };
    },
    async readEpoch() {
      await begin("health");
      return backend.epoch;
    },
    async writeEpoch(epoch) {
      await begin("health");
      backend.epoch = epoch;
    },
    health: () => begin("health"),
    async close() {},
  };
  return backend;
}
