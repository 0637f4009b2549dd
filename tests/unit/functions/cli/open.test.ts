import { describe, expect, it } from 'vitest';
import { works } from '../../../../functions/cli/open.ts';

const shared = 's3://bucket?table=table';

describe('who works', () => {
  it('is a server on shared stores, unless it is told to leave that to others', () => {
    expect(works({ stores: shared, worker: true }, 'serve')).toBe(true);
    expect(works({ stores: shared, worker: false }, 'serve')).toBe(false);
  });

  it('is whoever has a data directory, where nobody else could', () => {
    for (const command of ['serve', 'ask', 'add']) {
      expect(works({ stores: undefined, worker: false }, command)).toBe(true);
    }
  });

  it('is no command that leaves no work, on stores where servers do it', () => {
    expect(works({ stores: shared, worker: true }, 'ask')).toBe(false);
    expect(works({ stores: shared, worker: false }, 'add')).toBe(true);
    expect(works({ stores: undefined, worker: true }, 'reindex')).toBe(false);
  });
});
