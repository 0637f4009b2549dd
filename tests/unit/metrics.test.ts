import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { BlockragError, ERROR_STATUS } from '../../shared/errors.ts';
import { type Answered, Metrics, type MetricsOptions } from '../../shared/metrics.ts';

const opened: Metrics[] = [];
afterEach(() => {
  for (const metrics of opened.splice(0)) metrics.close();
});

function open(options?: MetricsOptions): Metrics {
  const metrics = new Metrics(options);
  opened.push(metrics);
  return metrics;
}

/** The samples of the text format; every line must be one, or a comment. */
async function samples(metrics: Metrics): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const line of (await metrics.expose()).split('\n')) {
    if (line === '' || line.startsWith('# ')) continue;
    const [, series, value] = /^(blockrag_[a-z_]+(?:\{[^}]*\})?) (\S+)$/.exec(line) ?? [];
    expect(series, line).toBeDefined();
    expect(Number(value), line).toBeGreaterThanOrEqual(0);
    found.set(series!, Number(value));
  }
  return found;
}

/** Distinct values of a label, over all series of a metric. */
function labelValues(found: Map<string, number>, metric: string, label: string): Set<string> {
  const pattern = new RegExp(`^blockrag_${metric}\\{.*\\b${label}="([^"]*)"`);
  return new Set([...found.keys()].flatMap((series) => pattern.exec(series)?.[1] ?? []));
}

const ANSWER: Answered = {
  attention: 'block',
  finishReason: 'end',
  usage: {
    reusedTokens: 300,
    encodedTokens: 40,
    finalTokens: 20,
    completionTokens: 7,
    draftedTokens: 6,
    acceptedTokens: 4,
  },
  timings: { retrieve: 4, load: 2, encode: 0, reencode: 8, attend: 30, firstToken: 50 },
};

describe('Metrics', () => {
  it('counts what an answer reused, computed and waited for', async () => {
    const metrics = open();
    metrics.answered(ANSWER);
    metrics.answered({ ...ANSWER, finishReason: 'stop' });
    metrics.tokenDecoded(0.02);
    const found = await samples(metrics);
    expect(found.get('blockrag_questions_total{code="ok"}')).toBe(2);
    expect(found.get('blockrag_tokens_total{kind="reused"}')).toBe(600);
    expect(found.get('blockrag_tokens_total{kind="completion"}')).toBe(14);
    expect(found.get('blockrag_drafted_tokens_total{result="accepted"}')).toBe(8);
    expect(found.get('blockrag_drafted_tokens_total{result="refused"}')).toBe(4);
    expect(found.get('blockrag_phase_seconds_sum{phase="reencode"}')).toBeCloseTo(0.016);
    expect(found.get('blockrag_first_token_seconds_sum{attention="block"}')).toBeCloseTo(0.1);
    expect(found.get('blockrag_first_token_seconds_bucket{le="0.05",attention="block"}')).toBe(2);
    expect(found.get('blockrag_token_seconds_count')).toBe(1);
  });

  it('leaves out phases that did not happen', async () => {
    const metrics = open();
    metrics.answered(ANSWER);
    const phases = labelValues(await samples(metrics), 'phase_seconds_count', 'phase');
    expect([...phases].sort()).toEqual(['attend', 'load', 'reencode', 'retrieve']);
  });

  it('counts a chat, which has no timings', async () => {
    const metrics = open();
    const { timings: _, ...chat } = ANSWER;
    metrics.answered({ ...chat, attention: 'full' });
    const found = await samples(metrics);
    expect(found.get('blockrag_questions_total{code="ok"}')).toBe(1);
    expect(labelValues(found, 'first_token_seconds_count', 'attention').size).toBe(0);
  });

  it('tells questions that found nothing from answers, and takes no first token of them', async () => {
    const metrics = open();
    metrics.answered({ ...ANSWER, finishReason: 'no_relevant_passages' });
    const found = await samples(metrics);
    expect(found.get('blockrag_questions_total{code="no_relevant_passages"}')).toBe(1);
    expect(found.has('blockrag_questions_total{code="ok"}')).toBe(false);
    expect(labelValues(found, 'first_token_seconds_count', 'attention').size).toBe(0);
  });

  it('counts failures by code', async () => {
    const metrics = open();
    metrics.questionFailed(new BlockragError('prompt_too_long', 'Too long.'));
    metrics.documentReady();
    metrics.documentFailed(new BlockragError('document_encrypted', 'Encrypted.'));
    metrics.failed(new TypeError('x is not a function'));
    metrics.rateLimited();
    const found = await samples(metrics);
    expect(found.get('blockrag_questions_total{code="prompt_too_long"}')).toBe(1);
    expect(found.get('blockrag_documents_total{code="ok"}')).toBe(1);
    expect(found.get('blockrag_documents_total{code="document_encrypted"}')).toBe(1);
    expect(found.get('blockrag_errors_total{code="internal"}')).toBe(1);
    expect(found.get('blockrag_rate_limited_total')).toBe(1);
  });

  it('gives hits, misses and damaged blobs, from 0 on', async () => {
    const metrics = open();
    metrics.blobsRead('hit', 5);
    metrics.blobsRead('damaged');
    metrics.bytesRead('disk', 4096, 0.25);
    const found = await samples(metrics);
    expect(found.get('blockrag_blob_reads_total{result="hit"}')).toBe(5);
    expect(found.get('blockrag_blob_reads_total{result="miss"}')).toBe(0);
    expect(found.get('blockrag_blob_reads_total{result="damaged"}')).toBe(1);
    expect(found.get('blockrag_blob_read_bytes_total{tier="disk"}')).toBe(4096);
    expect(found.get('blockrag_blob_read_seconds_total{tier="disk"}')).toBe(0.25);
  });

  it('asks for the depth of the queue at each scrape', async () => {
    let waiting = 1;
    const metrics = open({ queue: async () => ({ waiting: waiting++, leased: 0, dead: 4 }) });
    expect((await samples(metrics)).get('blockrag_work_items{state="waiting"}')).toBe(1);
    const found = await samples(metrics);
    expect(found.get('blockrag_work_items{state="waiting"}')).toBe(2);
    expect(found.get('blockrag_work_items{state="dead"}')).toBe(4);
  });

  it('still gives the other metrics when the queue cannot be asked', async () => {
    let down = false;
    const queue = async () => {
      if (down) throw new BlockragError('storage_failed', 'The store is down.');
      return { waiting: 3, leased: 0, dead: 0 };
    };
    const metrics = open({ queue });
    await metrics.expose();
    down = true;
    await metrics.expose();
    const found = await samples(metrics);
    expect(labelValues(found, 'work_items', 'state').size).toBe(0);
    expect(found.get('blockrag_errors_total{code="storage_failed"}')).toBeGreaterThanOrEqual(1);
  });

  it('tells of the process and its event loop', async () => {
    const found = await samples(open());
    expect(found.get('blockrag_process_resident_memory_bytes')).toBeGreaterThan(1e6);
    expect(found.get('blockrag_process_cpu_seconds_total')).toBeGreaterThan(0);
    expect([...labelValues(found, 'event_loop_lag_seconds', 'quantile')]).toEqual(['0.5', '0.99']);
  });

  it('shares nothing with another instance', async () => {
    const [one, two] = [open(), open()];
    one.rateLimited();
    expect((await samples(two)).get('blockrag_rate_limited_total')).toBe(0);
  });

  it('names its format', () => {
    expect(open().contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  });
});

describe('labels', () => {
  it('name the route, a known method and the class of the status', async () => {
    const metrics = open();
    metrics.requested({ method: 'GET', route: '/v1/documents/:id', status: 404, seconds: 0.01 });
    metrics.requested({ method: 'PROPFIND', route: '/v1/query', status: 200, seconds: 0.01 });
    const found = await samples(metrics);
    const series = 'blockrag_http_request_seconds_count';
    expect(found.get(`${series}{route="/v1/documents/:id",method="GET",status="4xx"}`)).toBe(1);
    expect(found.get(`${series}{route="/v1/query",method="other",status="2xx"}`)).toBe(1);
  });

  it('stay bounded when paths are passed for patterns', async () => {
    const metrics = open();
    for (let i = 0; i < 300; i++) {
      metrics.requested({ method: 'GET', route: `/v1/documents/doc_${i}`, status: 200, seconds: 0.01 });
    }
    const routes = labelValues(await samples(metrics), 'http_request_seconds_count', 'route');
    expect(routes.size).toBe(101);
    expect(routes).toContain('other');
  });

  it('are codes, whatever was thrown', async () => {
    const metrics = open();
    const thrown = fc.oneof(
      fc.string(),
      fc.string().map((message) => new Error(message)),
      fc.record({ code: fc.string(), name: fc.string(), message: fc.string() }, { noNullPrototype: true }),
      fc.constantFrom(undefined, null, 7),
    );
    await fc.assert(
      fc.property(thrown, (error) => {
        metrics.failed(error);
        metrics.questionFailed(error);
        metrics.documentFailed(error);
      }),
      { numRuns: 50 },
    );
    const found = await samples(metrics);
    for (const metric of ['errors_total', 'questions_total', 'documents_total']) {
      for (const code of labelValues(found, metric, 'code')) expect(ERROR_STATUS).toHaveProperty(code);
    }
  });
});
