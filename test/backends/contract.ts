// What any backend must do, whatever it is made of: run against stand-ins by vitest, and against real servers
// by the conformance suite. Each check makes ids of its own, so that they can share one remote.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import {
  type Backend,
  BackendError,
  type BackendFailure,
  type OwnedObject,
  type RemotePlace,
  type RemoteVersion,
} from "../../src/core/backends/port.ts";
import { uuidv7 } from "../../src/core/ids.ts";

export type Payload = Backend["payload"];

/** A remote, and how to come to it. */
export interface Subject {
  open(installationId: string, payload: Payload): Promise<Backend>;
  /** As somebody else does, under a name that begins as ours do. */
  addForeign(installationId: string): Promise<void>;
  /** Whether that is still there. */
  hasForeign(installationId: string): Promise<boolean>;
  /** False: a version that is destroyed may be there until the remote gets round to it. */
  readonly destroysAtOnce: boolean;
}

export interface Check {
  readonly name: string;
  run(subject: Subject, payload: Payload): Promise<void>;
}

const ids = uuidv7({ now: () => Date.now() });
export const newId = (): string => ids.next();
export const newPlace = (): RemotePlace => ({ organizationId: newId(), secretId: newId() });
export const textBytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export async function failureOf(doing: Promise<unknown>): Promise<BackendFailure | "none"> {
  try {
    await doing;
    return "none";
  } catch (error) {
    assert.ok(error instanceof BackendError, `not a failure of a backend: ${error}`);
    return error.failure;
  }
}

export async function allOwned(backend: Backend): Promise<OwnedObject[]> {
  const found: OwnedObject[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<Backend["listOwned"]>> = await backend.listOwned(cursor);
    found.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  return found;
}

const write = (backend: Backend, place: RemotePlace, text: string): Promise<RemoteVersion> =>
  backend.put({ place, writeId: newId(), bytes: textBytes(text) });

const read = async (backend: Backend, at: RemoteVersion): Promise<string> =>
  new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await backend.get(at));

/** Values that a text could lose on its way. */
const texts = [
  "plain",
  " spaces ",
  "\ufeffmark\ufeff",
  "nul \u0000 \u0007",
  '{"json":["\\"]}',
  "line\r\nline",
  "🗝️ é 漢",
];

const among: readonly [string, (subject: Subject, payload: Payload) => Promise<void>][] = [
  [
    "a version is read as it was written, and not the newest in its place",
    async (subject, payload) => {
      const backend = await subject.open(newId(), payload);
      const place = newPlace();
      const made: RemoteVersion[] = [];
      for (const text of texts) made.push(await write(backend, place, text));
      assert.deepEqual(
        made.map(({ ref }) => ref),
        texts.map(() => backend.refOf(place)),
      );
      assert.equal(new Set(made.map(({ version }) => version)).size, texts.length);
      assert.deepEqual(await Promise.all(made.map((at) => read(backend, at))), texts);
    },
  ],
  [
    "25 versions of one secret can all be read",
    async (subject, payload) => {
      const backend = await subject.open(newId(), payload);
      const place = newPlace();
      const wanted = Array.from({ length: 25 }, (_, at) => `value ${at}`);
      const made: RemoteVersion[] = [];
      for (const text of wanted) made.push(await write(backend, place, text));
      assert.deepEqual(await Promise.all(made.map((at) => read(backend, at))), wanted);
    },
  ],
  [
    "a write that is repeated makes no second version",
    async (subject, payload) => {
      const backend = await subject.open(newId(), payload);
      const again = { place: newPlace(), writeId: newId(), bytes: textBytes("once") };
      const made = await backend.put(again);
      assert.deepEqual(await backend.put(again), made);
      const [object] = await allOwned(backend);
      assert.deepEqual(
        object?.versions.map(({ version }) => version),
        [made.version],
      );
    },
  ],
  [
    "writes to one secret at the same time all get a version, each its own",
    async (subject, payload) => {
      const backend = await subject.open(newId(), payload);
      const place = newPlace();
      await write(backend, place, "first");
      const wanted = Array.from({ length: 12 }, (_, at) => `writer ${at}`);
      const made = await Promise.all(wanted.map((text) => write(backend, place, text)));
      assert.deepEqual(await Promise.all(made.map((at) => read(backend, at))), wanted);
    },
  ],
  [
    "what is not there is not found",
    async (subject, payload) => {
      const backend = await subject.open(newId(), payload);
      const place = newPlace();
      assert.equal(await failureOf(backend.get({ ref: backend.refOf(place), version: "1" })), "not-found");
      const { ref, version } = await write(backend, place, "here");
      const other = version === "1" ? "2" : newId();
      assert.equal(await failureOf(backend.get({ ref, version: other })), "not-found");
    },
  ],
  [
    "a probe finds the write that was applied, and no other",
    async (subject, payload) => {
      const backend = await subject.open(newId(), payload);
      const place = newPlace();
      const writeId = newId();
      assert.equal(await backend.probe(place, writeId), null);
      await write(backend, place, "before");
      assert.equal(await backend.probe(place, writeId), null);
      const made = await backend.put({ place, writeId, bytes: textBytes("probed") });
      await write(backend, place, "after");
      assert.deepEqual(await backend.probe(place, writeId), made);
      assert.equal(await backend.probe(newPlace(), writeId), null);
    },
  ],
  [
    "a version is destroyed, again, and others stay",
    async (subject, payload) => {
      const backend = await subject.open(newId(), payload);
      const place = newPlace();
      const kept = await write(backend, place, "kept");
      const writeId = newId();
      const gone = await backend.put({ place, writeId, bytes: textBytes("gone") });
      await backend.destroyVersion(gone);
      await backend.destroyVersion(gone);
      await backend.destroyVersion({ ref: backend.refOf(newPlace()), version: gone.version });
      if (subject.destroysAtOnce) {
        assert.equal(await failureOf(backend.get(gone)), "not-found");
        assert.equal(await backend.probe(place, writeId), null);
      }
      assert.equal(await read(backend, kept), "kept");
      const next = await write(backend, place, "next");
      assert.equal(await read(backend, next), "next");
      const [object] = await allOwned(backend);
      const listed = object?.versions.map(({ version }) => version) ?? [];
      const wanted = subject.destroysAtOnce ? listed : listed.filter((version) => version !== gone.version);
      assert.deepEqual(wanted, [kept.version, next.version]);
    },
  ],
  [
    "a secret is deleted with all its versions, again, and others stay",
    async (subject, payload) => {
      const backend = await subject.open(newId(), payload);
      const place = newPlace();
      const writeId = newId();
      const first = await backend.put({ place, writeId, bytes: textBytes("first") });
      const second = await write(backend, place, "second");
      const other = await write(backend, newPlace(), "other");
      await backend.deleteObject(first.ref);
      await backend.deleteObject(first.ref);
      await backend.deleteObject(backend.refOf(newPlace()));
      for (const at of [first, second]) assert.equal(await failureOf(backend.get(at)), "not-found");
      assert.equal(await backend.probe(place, writeId), null);
      assert.equal(await read(backend, other), "other");
      assert.deepEqual(
        (await allOwned(backend)).map(({ ref }) => ref),
        [other.ref],
      );
    },
  ],
  [
    "everything that is owned is listed once, page by page",
    async (subject, payload) => {
      const startedAt = Date.now();
      const backend = await subject.open(newId(), payload);
      await backend.writeEpoch(1);
      const made: RemoteVersion[] = [];
      for (let at = 0; at < 103; at += 1) made.push(await write(backend, newPlace(), String(at)));
      assert.notEqual((await backend.listOwned(null)).next, null);
      const listed = await allOwned(backend);
      const sorted = (all: readonly RemoteVersion[]) =>
        all.map(({ ref, version }) => `${ref} ${version}`).sort();
      const versions = listed.flatMap(({ ref, versions }) =>
        versions.map(({ version }) => ({ ref, version })),
      );
      assert.deepEqual(sorted(versions), sorted(made));
      // Clocks of other machines, and seconds without parts.
      const times = listed.flatMap((it) => [it.createdAt, ...it.versions.map(({ createdAt }) => createdAt)]);
      assert.ok(times.every((time) => time >= startedAt - 60_000 && time <= Date.now() + 60_000));
    },
  ],
  [
    "what others keep there is neither listed nor touched",
    async (subject, payload) => {
      const [here, elsewhere] = [newId(), newId()];
      const backend = await subject.open(here, payload);
      const neighbour = await subject.open(elsewhere, payload);
      await subject.addForeign(here);
      const place = newPlace();
      const ours = await write(backend, place, "ours");
      const theirs = await write(neighbour, place, "theirs");
      assert.notEqual(ours.ref, theirs.ref);
      assert.deepEqual(
        (await allOwned(backend)).map(({ ref }) => ref),
        [ours.ref],
      );
      await backend.deleteObject(ours.ref);
      assert.equal(await read(neighbour, theirs), "theirs");
      assert.ok(await subject.hasForeign(here));
    },
  ],
  [
    "the longest value fits, and one byte more is refused",
    async (subject, payload) => {
      const backend = await subject.open(newId(), payload);
      const { maxBytes } = backend.limits;
      const place = newPlace();
      // In native form the longest of all: each byte needs an escape.
      const bytes = payload === "native" ? new Uint8Array(maxBytes).fill(1) : randomBytes(maxBytes);
      const made = await backend.put({ place, writeId: newId(), bytes });
      assert.ok(Buffer.from(await backend.get(made)).equals(bytes));
      const tooLong = backend.put({ place, writeId: newId(), bytes: new Uint8Array(maxBytes + 1).fill(1) });
      assert.equal(await failureOf(tooLong), "too-large");
    },
  ],
  [
    "what was written before the payload was changed is still read",
    async (subject, payload) => {
      const installation = newId();
      const before = await subject.open(installation, payload);
      const after = await subject.open(installation, payload === "native" ? "sealed" : "native");
      const made = await write(before, newPlace(), "as it was");
      assert.equal(await read(after, made), "as it was");
    },
  ],
  [
    "the restore epoch is written down and only grows",
    async (subject, payload) => {
      const backend = await subject.open(newId(), payload);
      assert.equal(await backend.readEpoch(), null);
      for (const epoch of [3, 2, 7]) await backend.writeEpoch(epoch);
      assert.equal(await backend.readEpoch(), 7);
      assert.equal(await (await subject.open(newId(), payload)).readEpoch(), null);
      assert.deepEqual(await allOwned(backend), []);
    },
  ],
  [
    "it is well while it is there",
    async (subject, payload) => {
      const backend = await subject.open(newId(), payload);
      await backend.health();
      assert.equal(backend.payload, payload);
      await backend.close();
    },
  ],
];

export const contract: readonly Check[] = among.map(([name, run]) => ({ name, run }));
