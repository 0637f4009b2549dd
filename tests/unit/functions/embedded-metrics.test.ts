import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EmbeddedMetrics } from '../../../functions/embedded-metrics.ts';
import { BlockragError } from '../../../shared/errors.ts';
import { Metrics } from '../../../shared/metrics.ts';

interface Line {
  _aws: {
    Timestamp: number;
    CloudWatchMetrics: {
      Namespace: string;
      Dimensions: string[][];
      Metrics: { Name: string; Unit: string }[];
    }[];
  };
  [name: string]: unknown;
}

let metrics: Metrics;
let lines: Line[];
let embedded: EmbeddedMetrics;
beforeEach(() => {
  metrics = new Metrics({ queue: () => Promise.reject(new Error('a report must not ask a store')) });
  lines = [];
  embedded = new EmbeddedMetrics(metrics, {
    namespace: 'blockrag/prod',
    function: 'query',
    write: (line) => lines.push(JSON.parse(line)),
  });
});
afterEach(() => metrics.close());

const usage = {
  reusedTokens: 500,
  encodedTokens: 0,
  finalTokens: 20,
  completionTokens: 7,
  draftedTokens: 0,
  acceptedTokens: 0,
};
const answered = (firstToken: number) =>
  metrics.answered({
    attention: 'block',
    finishReason: 'end',
    usage,
    timings: { firstToken, retrieve: 40, load: 10, attend: 90 },
  });

describe('metrics in the log', () => {
  it('are what CloudWatch takes for metrics: each is named, with a unit, and there', async () => {
    answered(140);
    metrics.blobsRead('hit', 8);
    await embedded.report();
    for (const line of lines) {
      const [{ Namespace, Dimensions, Metrics: named }] = line._aws.CloudWatchMetrics as [
        Line['_aws']['CloudWatchMetrics'][0],
      ];
      expect(Namespace).toBe('blockrag/prod');
      for (const dimension of Dimensions.flat()) expect(line[dimension]).toEqual(expect.any(String));
      expect(named.length).toBeGreaterThan(0);
      for (const { Name, Unit } of named) {
        expect(['Count', 'Milliseconds']).toContain(Unit);
        expect([line[Name]].flat().every((value) => typeof value === 'number')).toBe(true);
      }
      const names = [...named.map(({ Name }) => Name), ...Dimensions.flat(), '_aws'];
      expect(Object.keys(line).sort()).toEqual(names.sort());
    }
    expect(lines[0]).toMatchObject({
      function: 'query',
      ...{ BlobHits: 8, TokensReused: 500, TokensFinal: 20, TokensCompletion: 7 },
      ...{ FirstTokenMs: [140], RetrieveMs: [40], LoadMs: [10], AttendMs: [90] },
    });
    expect(lines[0]).not.toHaveProperty('EncodeMs');
    expect(lines[1]).toMatchObject({ code: 'ok', Questions: 1 });
  });

  it('are what came since the last time, and no line where nothing did', async () => {
    answered(140);
    await embedded.report();
    lines.length = 0;
    await embedded.report();
    expect(lines).toEqual([]);
    answered(200);
    answered(400);
    await embedded.report();
    expect(lines[0]).toMatchObject({ FirstTokenMs: [300, 300], TokensReused: 1000 });
  });

  it('name errors by their code', async () => {
    metrics.failed(new BlockragError('storage_failed', 'no'));
    metrics.failed(new Error('what'));
    metrics.questionFailed(new BlockragError('no_documents', 'none'));
    metrics.documentFailed(new BlockragError('document_empty', 'empty'));
    metrics.rateLimited();
    await embedded.report();
    const told = lines.map(({ _aws: _, ...rest }) => rest);
    expect(told).toEqual([
      { function: 'query', RateLimited: 1 },
      { function: 'query', code: 'no_documents', Questions: 1 },
      { function: 'query', code: 'document_empty', Documents: 1 },
      { function: 'query', code: 'storage_failed', Errors: 1 },
      { function: 'query', code: 'internal', Errors: 1 },
    ]);
  });
});
