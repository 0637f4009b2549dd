/** Paired comparison of two conditions on the same questions. */

/** Questions that only one of the two conditions got right, and how many there were. */
export interface Pairs {
  onlyFirst: number;
  onlySecond: number;
  questions: number;
}

/** Counts pairs of right and wrong. */
export function countPairs(pairs: readonly (readonly [first: boolean, second: boolean])[]): Pairs {
  return {
    onlyFirst: pairs.filter(([first, second]) => first && !second).length,
    onlySecond: pairs.filter(([first, second]) => !first && second).length,
    questions: pairs.length,
  };
}

/** McNemar's exact test: two-sided p of a fair coin for the questions that only one got right. */
export function mcnemar({ onlyFirst, onlySecond }: Pairs): number {
  const n = onlyFirst + onlySecond;
  // log of n over i, and of 2^n: the binomials themselves overflow.
  let logBinomial = 0;
  let tail = 0;
  for (let i = 0; i <= Math.min(onlyFirst, onlySecond); i++) {
    if (i > 0) logBinomial += Math.log((n - i + 1) / i);
    tail += Math.exp(logBinomial - n * Math.LN2);
  }
  return Math.min(1, 2 * tail);
}

export interface Difference {
  /** Second minus first, as a share: the mean over the sets. */
  difference: number;
  /** 95 % interval. */
  low: number;
  high: number;
}

/**
 * The difference of two shares, averaged over sets, with its 95 % interval: for each set Agresti and Min's
 * adjusted Wald interval for matched pairs (Statistics in Medicine 24, 2005), variances added as of independent
 * sets.
 */
export function pairedDifference(sets: readonly Pairs[]): Difference {
  let difference = 0;
  let centre = 0;
  let variance = 0;
  for (const { onlyFirst, onlySecond, questions } of sets) {
    difference += (onlySecond - onlyFirst) / questions;
    // Half a question more in each of the four cells.
    const n = questions + 2;
    const adjusted = (onlySecond - onlyFirst) / n;
    centre += adjusted;
    variance += ((onlyFirst + onlySecond + 1) / n - adjusted ** 2) / n;
  }
  const count = sets.length;
  const half = (1.96 * Math.sqrt(variance)) / count;
  return { difference: difference / count, low: centre / count - half, high: centre / count + half };
}
