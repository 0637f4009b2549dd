/**
 * Spans for OpenTelemetry. Only its API is used: without an SDK that is registered before blockrag starts
 * (docs/guide/operate.md), nothing happens here. Attributes are numbers and codes, never text.
 */

import { type Attributes, SpanStatusCode, trace } from '@opentelemetry/api';
import type { AttentionChoice } from './attention/modes.ts';
import { toBlockragError } from './errors.ts';

/** `answer` is the parent of a question's other spans. */
export type SpanName =
  `blockrag.${'answer' | 'retrieve' | 'load' | 'encode' | 'reencode' | 'attend' | 'decode'}`;

/** What a span tells; written as `blockrag.tokens` and so on. */
export interface SpanFigures {
  attention?: AttentionChoice;
  passages?: number;
  blocks?: number;
  tokens?: number;
  bytes?: number;
}

/** A piece of work that is over. */
export interface PastPhase {
  name: SpanName;
  ms: number;
  figures?: SpanFigures;
}

const tracer = trace.getTracer('blockrag');

/**
 * Does the work within a span; spans made meanwhile are its children. What the work throws is thrown on; the
 * span gets its code as `error.type`, and counts as failed for codes of HTTP status 500 and more.
 * @param work is given a function that adds figures known only later
 */
export function span<T>(
  name: SpanName,
  figures: SpanFigures,
  work: (add: (figures: SpanFigures) => void) => Promise<T>,
): Promise<T> {
  return tracer.startActiveSpan(name, { attributes: attributes(figures) }, async (active) => {
    try {
      return await work((later) => active.setAttributes(attributes(later)));
    } catch (thrown) {
      // No recordException: it takes message and stack along, which may quote a user's text.
      const { code, status } = toBlockragError(thrown);
      active.setAttribute('error.type', code);
      if (status >= 500) active.setStatus({ code: SpanStatusCode.ERROR, message: code });
      throw thrown;
    } finally {
      active.end();
    }
  });
}

/**
 * Makes spans of work that a thread has done and measured, end to end in the order given; those of 0 ms did not
 * happen and are left out. The durations are of work alone, so the last ends before the answer does when the
 * thread did other work in between. Call it within `span`'s work, not in a thread's message event: there the
 * parent is not known.
 * @param started when the first began, by performance.now()
 */
export function spansOf(started: number, phases: readonly PastPhase[]): void {
  // By today's clock: performance.timeOrigin drifts away from it in a long run.
  let start = Date.now() - (performance.now() - started);
  for (const { name, ms, figures = {} } of phases) {
    if (ms <= 0) continue;
    const past = tracer.startSpan(name, { startTime: start, attributes: attributes(figures) });
    start += ms;
    past.end(start);
  }
}

function attributes(figures: SpanFigures): Attributes {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [`blockrag.${name}`, value]));
}
