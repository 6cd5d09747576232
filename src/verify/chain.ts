// One stream's chain, followed entry by entry in constant memory: what is held back is only what
// does not fit, and of that a bounded number. It knows nothing of signatures or other streams.
// An entry that is not reported here follows, byte for byte, from the one before it.
import { explainBroken } from "./explain.ts";
import { entriesFrom, type Findings } from "./findings.ts";
import { canonicalText, chainHash, chainStart, type Entry } from "./format.ts";

/** An entry whose hash does not follow from what stands before it. */
export interface Broken {
  readonly entry: Entry;
  readonly seq: number;
  readonly before: string;
}

/** What records say of a stream's removed beginning: how far it goes, and the hashes at their ends. */
export interface Removed {
  readonly to: number;
  readonly ends: ReadonlyMap<number, string>;
}

interface Gap {
  readonly from: number;
  readonly to: number;
  readonly before: string;
  readonly after: Entry;
}

interface Run {
  from: number;
  to: number;
  /** How far the entries stand from the sequence their hashes were made with. */
  readonly shift: number;
}

/** More entries that fit nowhere are counted, no longer explained: explaining tries all places. */
const explainedMax = 32;
const nothing: Removed = { to: 0, ends: new Map() };
const gapsMax = 10_000;

export class StreamChain {
  readonly id: string;
  /** The stored hashes of the entries that heads, openings or closings name. */
  readonly named = new Map<number, string>();
  count = 0;
  last = 0;
  lastHash = chainStart;
  /** Whether its first entry opens it, as every stream's does. */
  opened = false;
  /** Where the stream was closed in order, if it was. */
  closedAt: number | null = null;

  readonly #wanted: ReadonlySet<number>;
  readonly #findings: Findings;
  readonly #removed: Removed;
  /** What the hash before should have been, where the stored one does not follow. */
  #computed: string | null = null;
  #broken: Broken[] = [];
  readonly #beyond: Run[] = [];
  readonly #shifted: Run[] = [];
  #gaps: Gap[] = [];

  constructor(id: string, wanted: ReadonlySet<number>, findings: Findings, removed: Removed = nothing) {
    this.id = id;
    this.#removed = removed;
    this.#wanted = wanted;
    this.#findings = findings;
  }

  take(entry: Entry): void {
    this.count += 1;
    if (entry.seq === null) {
      this.#findings.add("edited", this.id, null, "an entry has a sequence that is no number from 1");
      return;
    }
    if (entry.seq === 1 && entry.action === "audit.open") this.opened = true;
    if (entry.action === "audit.close" && closes(entry, this.id)) this.closedAt ??= entry.seq;
    if (this.#wanted.has(entry.seq) && !this.named.has(entry.seq)) this.named.set(entry.seq, entry.hash);
    if (entry.seq <= this.last) {
      this.#late(entry, entry.seq);
      return;
    }
    if (entry.seq === this.last + 1) this.#follow(entry, entry.seq, this.lastHash);
    else this.#skip(entry, entry.seq);
    this.last = entry.seq;
    this.lastHash = entry.hash;
  }

  /** True where entries are known to be gone, so that a name for one of them is no news. */
  lacks(seq: number): boolean {
    return this.#gaps.some((gap) => gap.from <= seq && seq <= gap.to);
  }

  /** How far a record covers the stream's beginning; 0 where none does. */
  get removedTo(): number {
    return this.#removed.to;
  }

  /** The hash of an entry that something names; it may stand at the end of what was removed. */
  hashAt(seq: number): string | undefined {
    return this.named.get(seq) ?? this.#removed.ends.get(seq);
  }

  finish(): void {
    const end = this.#removed.ends.get(this.#removed.to);
    if (end !== undefined && this.last < this.#removed.to) {
      this.last = this.#removed.to;
      this.lastHash = end;
    }
    for (const gap of this.#gaps) {
      const what = gap.from === gap.to ? "is" : "are";
      this.#findings.add("missing", this.id, gap.from, `${entriesFrom(gap.from, gap.to)} ${what} missing`);
    }
    this.#tellShifted();
    explainBroken(this.id, this.#broken, this.#findings);
    for (const run of this.#beyond) {
      const message = `${entriesFrom(run.from, run.to)}: the hash does not follow`;
      this.#findings.add("edited", this.id, run.from, message);
    }
  }

  #follow(entry: Entry, seq: number, before: string): void {
    const text = canonicalText(entry);
    const computed = chainHash(before, text);
    const expected = this.#computed;
    this.#computed = null;
    if (computed === entry.hash) return;
    if (expected !== null && chainHash(expected, text) === entry.hash) {
      // The entry before is what it was; only the hash beside it was overwritten.
      this.#broken = this.#broken.filter((one) => one.seq !== seq - 1);
      this.#findings.add("edited", this.id, seq - 1, `the stored hash of entry ${seq - 1} was changed`);
      return;
    }
    for (const shift of [1, -1]) {
      if (chainHash(before, canonicalText(entry, seq + shift)) === entry.hash) {
        extend(this.#shifted, seq, shift);
        return;
      }
    }
    this.#computed = computed;
    if (this.#broken.length < explainedMax) this.#broken.push({ entry, seq, before });
    else extend(this.#beyond, seq, 0);
  }

  #skip(entry: Entry, seq: number): void {
    this.#computed = null;
    const before = this.#removed.ends.get(seq - 1);
    if (before !== undefined) {
      this.#follow(entry, seq, before);
      return;
    }
    const { to } = this.#removed;
    const from = Math.max(this.last, to < seq ? to : 0) + 1;
    if (this.#gaps.length < gapsMax) {
      this.#gaps.push({ from, to: seq - 1, before: this.lastHash, after: entry });
    } else {
      const message = `${entriesFrom(from, seq - 1)} missing or elsewhere`;
      this.#findings.add("missing", this.id, from, message);
    }
  }

  /** An entry after others that should follow it: only an export's lines can stand so. */
  #late(entry: Entry, seq: number): void {
    const index = this.#gaps.findIndex((gap) => gap.from <= seq && seq <= gap.to);
    const gap = this.#gaps[index];
    if (gap === undefined) {
      this.#findings.add("added", this.id, seq, `there is a second entry ${seq}`);
      return;
    }
    this.#findings.add("reordered", this.id, seq, `entry ${seq} stands after entry ${this.last}`);
    const left = { from: gap.from, to: seq - 1, before: gap.before, after: entry };
    const right = { from: seq + 1, to: gap.to, before: entry.hash, after: gap.after };
    this.#gaps.splice(index, 1, ...[left, right].filter((part) => part.from <= part.to));
    for (const part of [left, right]) {
      if (part.from > part.to && part.after.seq !== null) {
        this.#computed = null;
        this.#follow(part.after, part.after.seq, part.before);
      }
    }
    this.#computed = null;
  }

  #tellShifted(): void {
    for (const { from, to, shift } of this.#shifted) {
      // The first of the renumbered entries lost its predecessor and looks broken itself.
      const head = this.#broken.find((one) => one.seq === from - 1);
      this.#broken = this.#broken.filter((one) => one !== head);
      const first = head === undefined ? from : from - 1;
      const what = entriesFrom(first, to);
      if (shift > 0) {
        const message = `an entry was removed before entry ${first}, and ${what} renumbered`;
        this.#findings.add("missing", this.id, first, message);
      } else {
        const message = `an entry was inserted before entry ${first}, and ${what} renumbered`;
        this.#findings.add("added", this.id, first, message);
      }
    }
  }
}

function extend(runs: Run[], seq: number, shift: number): void {
  const run = runs.at(-1);
  if (run !== undefined && run.to === seq - 1 && run.shift === shift) run.to = seq;
  else runs.push({ from: seq, to: seq, shift });
}

function closes(entry: Entry, stream: string): boolean {
  try {
    const details: unknown = JSON.parse(String(entry.details));
    return typeof details === "object" && details !== null && "stream" in details && "graceful" in details
      ? details.stream === stream && details.graceful === true
      : false;
  } catch {
    return false;
  }
}
