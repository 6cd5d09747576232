/** The candidate that a mistyped word is closest to, by how many letters must change. */
export function nearest(word: string, candidates: readonly string[]): string {
  return ranked(word, candidates).word;
}

/**
 * The same, but only where it is near enough to be what was meant: at most a third of the letters
 * changed, or the word is a part of it (`branch`, `build_branch`).
 */
export function nearMiss(word: string, candidates: readonly string[]): string | null {
  const whole = candidates.filter((candidate) => word.length >= 4 && candidate.includes(word.toLowerCase()));
  if (whole.length > 0) return nearest(word, whole);
  const best = ranked(word, candidates);
  return best.changes <= Math.max(2, word.length / 3) ? best.word : null;
}

function ranked(word: string, candidates: readonly string[]): { word: string; changes: number } {
  let best = { word: candidates[0] ?? "", changes: Number.POSITIVE_INFINITY };
  for (const candidate of candidates) {
    const changes = distance(word.toLowerCase(), candidate.toLowerCase());
    if (changes < best.changes) best = { word: candidate, changes };
  }
  return best;
}

function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
