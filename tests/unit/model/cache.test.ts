import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { cacheDirectory } from '../../../shared/model/cache.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('cacheDirectory', () => {
  test('is $BLOCKRAG_CACHE as an absolute path', () => {
    vi.stubEnv('BLOCKRAG_CACHE', 'some/where');
    expect(cacheDirectory()).toBe(join(process.cwd(), 'some/where'));
  });

  test('is a folder of its own in the system cache folder when nothing is set', () => {
    vi.stubEnv('BLOCKRAG_CACHE', '');
    expect(cacheDirectory()).toMatch(/blockrag/);
  });
});
