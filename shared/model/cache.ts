import { resolve } from 'node:path';
import envPaths from 'env-paths';

/** The folder for models and what is compiled from them: $BLOCKRAG_CACHE, else the system's cache folder. */
export function cacheDirectory(): string {
  const chosen = process.env.BLOCKRAG_CACHE;
  return chosen ? resolve(chosen) : envPaths('blockrag', { suffix: '' }).cache;
}
