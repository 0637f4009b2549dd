/** Chance that can be repeated: every round has its own sequence, which its seed and its number decide. */
export interface Random {
  /** From 0 up to 1. */
  next(): number;
  /** A whole number from 0 up to `n`. */
  below(n: number): number;
  pick<T>(list: readonly T[]): T;
  /** The items in another order. */
  shuffled<T>(list: readonly T[]): T[];
  /** Another sequence, for something that runs beside this one. */
  fork(): Random;
}

/** @param seed of the run @param round from 1 */
export function randomOf(seed: number, round: number): Random {
  return sequence(Math.imul(seed, 0x9e3779b1) ^ Math.imul(round, 0x85ebca6b));
}

/** splitmix32 */
function sequence(start: number): Random {
  let state = start | 0;
  const bits = () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  const next = () => bits() / 2 ** 32;
  const below = (n: number) => Math.floor(next() * n);
  return {
    next,
    below,
    pick: (list) => list[below(list.length)]!,
    shuffled: (list) => {
      const items = [...list];
      for (let i = items.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [items[i], items[j]] = [items[j]!, items[i]!];
      }
      return items;
    },
    fork: () => sequence(bits()),
  };
}
