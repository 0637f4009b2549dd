import { describe, expect, it } from 'vitest';
import {
  type Conversation,
  earlierTurns,
  parseFilter,
  type Turn,
  toMarkdown,
} from '../../../../functions/console/ask/conversation.ts';
import { formatBytes, formatMs } from '../../../../functions/console/format.ts';
import {
  byLabel,
  histogramOf,
  medianOf,
  parseMetrics,
} from '../../../../functions/console/operate/metrics.ts';

const METRICS = `# HELP blockrag_first_token_seconds From the question to the first token.
# TYPE blockrag_first_token_seconds histogram
blockrag_first_token_seconds_bucket{le="0.1",attention="block"} 3
blockrag_first_token_seconds_bucket{le="0.25",attention="block"} 9
blockrag_first_token_seconds_bucket{le="+Inf",attention="block"} 10
blockrag_first_token_seconds_bucket{le="0.1",attention="full"} 0
blockrag_blob_reads_total{result="hit"} 12
blockrag_blob_reads_total{result="miss"} 4
`;

describe('figures of the server', () => {
  const samples = parseMetrics(METRICS);

  it('are read by their labels', () => {
    expect([...byLabel(samples, 'blockrag_blob_reads_total', 'result')]).toEqual([
      ['hit', 12],
      ['miss', 4],
    ]);
  });

  it('become a histogram with a median', () => {
    const histogram = histogramOf(samples, 'blockrag_first_token_seconds', { attention: 'block' });
    expect(histogram.count).toBe(10);
    expect(histogram.buckets.map(({ count }) => count)).toEqual([3, 6, 1]);
    expect(medianOf(histogram)).toBe(0.25);
    expect(medianOf({ buckets: [], count: 0 })).toBeUndefined();
  });
});

const turn = (facts: Partial<Turn>): Turn => ({
  ...{ id: '1', question: 'Q', asked: 0, state: 'done', answer: 'A', result: undefined, failure: undefined },
  ...{ seen: undefined, notReady: undefined, race: undefined },
  ...{ collection: 'default', attention: 'block', filter: undefined },
  ...facts,
});

describe('a conversation', () => {
  it('sends along the latest turns that were answered, as many as there is room for', () => {
    expect(earlierTurns([turn({}), turn({ state: 'failed' }), turn({ answer: '' })])).toEqual([
      { role: 'user', content: 'Q' },
      { role: 'assistant', content: 'A' },
    ]);
    const long = turn({ question: 'long', answer: 'x'.repeat(3995) });
    expect(earlierTurns([turn({ question: 'first' }), long]).map(({ content }) => content)[0]).toBe('long');
  });

  it('is exported as Markdown', () => {
    const conversation: Conversation = { id: 'c', title: 'T', created: 0, updated: 0, turns: [turn({})] };
    expect(toMarkdown(conversation)).toBe('# T\n\n## Q\n\nA\n');
  });

  it('takes filters as people write them', () => {
    expect(parseFilter('year=2024, draft=false, by = Ann ')).toEqual({ year: 2024, draft: false, by: 'Ann' });
    expect(parseFilter('')).toEqual({});
    expect(parseFilter('year')).toBeUndefined();
    expect(parseFilter('=1')).toBeUndefined();
  });
});

describe('figures for people', () => {
  it('have a unit that fits', () => {
    expect([0, 999, 1234, 130_400_000].map(formatBytes)).toEqual(['0 B', '999 B', '1.2 kB', '130 MB']);
    expect([101.4, 2310, 12_300].map(formatMs)).toEqual(['101 ms', '2.31 s', '12.3 s']);
  });
});
