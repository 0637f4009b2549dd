import { BoundedMap } from '../bounded.ts';

/** Keys of recently used blobs. The least recently used ones are forgotten. */
export type RecentKeys = BoundedMap<string, true>;

export function recentKeys(limit = 100_000): RecentKeys {
  return new BoundedMap(limit);
}
