import { BoundedMap } from '../bounded.ts';

/** Keys of blobs met lately; those that were not met for longest are forgotten. */
export type RecentKeys = BoundedMap<string, true>;

export function recentKeys(limit = 100_000): RecentKeys {
  return new BoundedMap(limit);
}
