// Why entries of one stream do not follow from their neighbours: changed, or at another's place?
// It tries each of the few broken entries at the places of the others. Whatever it cannot explain
// stays `edited`: an explanation never makes a finding disappear without naming another.
import type { Broken } from "./chain.ts";
import type { Findings } from "./findings.ts";
import { canonicalText, chainHash } from "./format.ts";

export function explainBroken(stream: string, broken: readonly Broken[], findings: Findings): void {
  if (broken.length === 0) return;
  const places = broken.map((one) => placeOf(one, broken));
  const moved = places.some((place, index) => place !== null && place !== broken[index]?.seq);
  for (const [index, { seq }] of broken.entries()) {
    const place = places[index] ?? null;
    if (place === null || (place === seq && !moved)) {
      const message = `entry ${seq} was changed: its hash does not follow from entry ${seq - 1}`;
      findings.add("edited", stream, seq, seq === 1 ? "entry 1 was changed" : message);
    } else if (place !== seq) {
      const partner = broken.findIndex((one) => one.seq === place);
      const swapped = places[partner] === seq;
      const message = swapped
        ? `entries ${Math.min(seq, place)} and ${Math.max(seq, place)} were exchanged`
        : `what stands as entry ${seq} was written as entry ${place}`;
      // An exchange is one finding, told at the earlier of the two.
      if (!swapped || seq < place) findings.add("reordered", stream, seq, message);
    }
    // Else the entry is untouched and only its neighbour moved, which is told at the neighbour.
  }
}

/** The sequence under which this entry was chained; null if it fits no place among the broken. */
function placeOf(one: Broken, broken: readonly Broken[]): number | null {
  const stored = new Set(broken.map((other) => other.entry.hash));
  const before = new Set(broken.flatMap((other) => [other.before, other.entry.hash]));
  for (const { seq } of broken) {
    const text = canonicalText(one.entry, seq);
    for (const hash of before) {
      if (stored.has(chainHash(hash, text))) return seq;
    }
  }
  return null;
}
