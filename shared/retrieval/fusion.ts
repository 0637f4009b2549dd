/** Reciprocal rank fusion (Cormack, Clarke, Buettcher, SIGIR 2009). */

/** The paper's constant: how fast the weight of a rank falls. */
const K = 60;

/**
 * Joins several rankings of ids into one score for each id, best first: the sum of 1 / (60 + rank), rank from 1.
 * Equal scores keep the order in which the ids appear.
 */
export function fuseRanks(rankings: readonly (readonly string[])[]): [id: string, score: number][] {
  const scores = new Map<string, number>();
  for (const ranking of rankings) {
    for (const [i, id] of ranking.entries()) scores.set(id, (scores.get(id) ?? 0) + 1 / (K + i + 1));
  }
  return [...scores].sort(([, a], [, b]) => b - a);
}
