/** The number that so many of some numbers are below: share 0.95 of twenty is the largest. Undefined of none. */
export function quantile(numbers: readonly number[], share: number): number | undefined {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/** The number in the middle, of an even count the one above it. NaN of none. */
export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5) ?? Number.NaN;
}
