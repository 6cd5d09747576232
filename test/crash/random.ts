// Chance that can be had again: the same seed makes the same choices, in any order of rounds.

export interface Random {
  /** A whole number from `from` to `to`, both included. */
  between(from: number, to: number): number;
  /** True this often out of a hundred. */
  percent(chance: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** Chance of its own for one part, so that parts do not disturb each other's choices. */
  branch(name: string | number): Random;
}

export function seeded(seed: string): Random {
  let state = 0x811c9dc5;
  for (const character of seed) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193);
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  return {
    between,
    percent: (chance) => next() * 100 < chance,
    pick(items) {
      const item = items[between(0, items.length - 1)];
      if (item === undefined) throw new Error("nothing to pick from");
      return item;
    },
    branch: (name) => seeded(`${seed}/${name}`),
  };
}
