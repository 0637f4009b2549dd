import { resolve } from 'node:path';
import envPaths from 'env-paths';

/** The folder for models and what is compiled from them: the chosen one, else a folder in the user's cache. */
export function cacheDirectory(chosen?: string): string {
  return chosen ? resolve(chosen) : envPaths('blockrag', { suffix: '' }).cache;
}
