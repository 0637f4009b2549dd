import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { cacheDirectory } from '../../../shared/model/cache.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('cacheDirectory', () => {
  test('is the chosen folder as an absolute path', () => {
    expect(cacheDirectory('some/where')).toBe(join(process.cwd(), 'some/where'));
  });

  test('is a folder of its own in the system cache folder when nothing is set', () => {
    expect(cacheDirectory()).toMatch(/blockrag/);
  });
});
