import { describe, expect, it } from 'vitest';
import type { KvBlob } from '../../../shared/kv/blob.ts';
import { HotBlobs } from '../../../shared/kv/hot-blobs.ts';

const blob = (key: string, bytes: number): KvBlob => ({
  ...{ key, bytes, tokens: 1, dtype: 'int8' },
  ...{ keys: [], values: [], keyScales: [], valueScales: [] },
});

describe('blobs in memory', () => {
  it('leave when there is no room, the least lately used first', () => {
    const hot = new HotBlobs(100);
    for (const key of ['a', 'b', 'c']) hot.add(blob(key, 30));
    expect(hot.get('a')?.key).toBe('a');
    hot.add(blob('d', 40));
    expect(['a', 'b', 'c', 'd'].filter((key) => hot.get(key))).toEqual(['a', 'c', 'd']);
    expect(hot.bytes).toBe(100);
  });

  it('are kept once, and not at all where one alone is too large', () => {
    const hot = new HotBlobs(100);
    hot.add(blob('a', 60));
    hot.add(blob('a', 60));
    hot.add(blob('b', 101));
    expect(hot.bytes).toBe(60);
    expect(hot.get('b')).toBeUndefined();
  });
});
