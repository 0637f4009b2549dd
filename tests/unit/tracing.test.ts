import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Attributes,
  type Context,
  type ContextManager,
  context,
  ROOT_CONTEXT,
  type Span,
  type SpanOptions,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BlockragError } from '../../shared/errors.ts';
import { span, spansOf } from '../../shared/tracing.ts';

/** What an SDK would do, as far as it is seen here. */
class RecordedSpan {
  readonly name: string;
  readonly parent: string | undefined;
  readonly start: TimeInput | undefined;
  attributes: Attributes;
  status: SpanStatus | undefined;
  end: TimeInput | undefined;
  ended = false;
  exceptions = 0;

  constructor(name: string, options: SpanOptions, parent: string | undefined) {
    this.name = name;
    this.parent = parent;
    this.start = options.startTime;
    this.attributes = { ...options.attributes };
  }
}

const recorded: RecordedSpan[] = [];
const SPAN = Symbol('recorded');

function startSpan(name: string, options: SpanOptions = {}, within: Context = context.active()): Span {
  const parent = trace.getSpan(within) as unknown as { [SPAN]?: RecordedSpan } | undefined;
  const record = new RecordedSpan(name, options, parent?.[SPAN]?.name);
  recorded.push(record);
  const made: Partial<Span> & { [SPAN]: RecordedSpan } = {
    [SPAN]: record,
    setAttribute: (key, value) => made.setAttributes!({ [key]: value }),
    setAttributes: (attributes) => {
      Object.assign(record.attributes, attributes);
      return made as Span;
    },
    setStatus: (status) => {
      record.status = status;
      return made as Span;
    },
    recordException: () => {
      record.exceptions++;
    },
    end: (time) => {
      record.ended = true;
      record.end = time;
    },
  };
  return made as Span;
}

const tracer = {
  startSpan,
  startActiveSpan: (name: string, options: SpanOptions, work: (span: Span) => unknown) => {
    const started = startSpan(name, options);
    return context.with(trace.setSpan(context.active(), started), work, undefined, started);
  },
} as Tracer;

class StoredContexts implements ContextManager {
  #storage = new AsyncLocalStorage<Context>();
  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }
  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    within: Context,
    work: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#storage.run(within, () => work.apply(thisArg, args));
  }
  bind<T>(_: Context, target: T): T {
    return target;
  }
  enable(): this {
    return this;
  }
  disable(): this {
    return this;
  }
}

it('does nothing but the work where no SDK is registered', async () => {
  const work = span('blockrag.answer', { attention: 'block' }, async (add) => {
    add({ tokens: 3 });
    spansOf(performance.now(), [{ name: 'blockrag.attend', ms: 5 }]);
    return 'done';
  });
  expect(await work).toBe('done');
  expect(recorded).toEqual([]);
});

describe('with an SDK', () => {
  beforeAll(() => {
    context.setGlobalContextManager(new StoredContexts());
    trace.setGlobalTracerProvider({ getTracer: () => tracer });
  });
  beforeEach(() => {
    recorded.length = 0;
  });
  afterAll(() => {
    trace.disable();
    context.disable();
  });

  it('nests spans, also across waits', async () => {
    await span('blockrag.answer', { attention: 'block' }, async () => {
      await span('blockrag.retrieve', {}, async (add) => {
        await new Promise((resolve) => setImmediate(resolve));
        add({ passages: 5 });
      });
      await span('blockrag.load', { blocks: 6, bytes: 4096 }, async () => {});
    });
    expect(recorded.map(({ name, parent, ended }) => [name, parent, ended])).toEqual([
      ['blockrag.answer', undefined, true],
      ['blockrag.retrieve', 'blockrag.answer', true],
      ['blockrag.load', 'blockrag.answer', true],
    ]);
    expect(recorded.map(({ attributes }) => attributes)).toEqual([
      { 'blockrag.attention': 'block' },
      { 'blockrag.passages': 5 },
      { 'blockrag.blocks': 6, 'blockrag.bytes': 4096 },
    ]);
  });

  it('records what was thrown by its code, and throws it on', async () => {
    const thrown = new Error('could not read "the private sentence"');
    const work = span('blockrag.answer', {}, () => Promise.reject(thrown));
    await expect(work).rejects.toBe(thrown);
    const [failed] = recorded;
    expect(failed).toMatchObject({ ended: true, exceptions: 0, attributes: { 'error.type': 'internal' } });
    expect(failed?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'internal' });
    expect(JSON.stringify(failed)).not.toContain('private');
  });

  it('does not count as failed what the client did', async () => {
    for (const code of ['cancelled', 'question_too_long'] as const) {
      const work = span('blockrag.answer', {}, () => Promise.reject(new BlockragError(code, 'No.')));
      await expect(work).rejects.toMatchObject({ code });
    }
    expect(recorded.map(({ attributes }) => attributes['error.type'])).toEqual([
      'cancelled',
      'question_too_long',
    ]);
    expect(recorded.every(({ status }) => status === undefined)).toBe(true);
  });

  it('makes spans of work that is over, end to end, without what did not happen', async () => {
    const before = Date.now();
    await span('blockrag.answer', {}, async () => {
      spansOf(performance.now() - 1000, [
        { name: 'blockrag.encode', ms: 0 },
        { name: 'blockrag.reencode', ms: 12.5, figures: { tokens: 300 } },
        { name: 'blockrag.attend', ms: 30 },
      ]);
    });
    const [, reencode, attend] = recorded;
    expect(recorded.map(({ name }) => name)).toEqual([
      'blockrag.answer',
      'blockrag.reencode',
      'blockrag.attend',
    ]);
    expect(reencode).toMatchObject({ parent: 'blockrag.answer', attributes: { 'blockrag.tokens': 300 } });
    expect(reencode?.start).toBeGreaterThanOrEqual(before - 1001);
    expect(reencode?.start).toBeLessThan(before + 60_000);
    expect((reencode?.end as number) - (reencode?.start as number)).toBeCloseTo(12.5, 2);
    expect(attend?.start).toBe(reencode?.end);
    expect((attend?.end as number) - (attend?.start as number)).toBeCloseTo(30, 2);
  });
});
