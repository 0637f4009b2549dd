/**
 * Metrics of one process for Prometheus. Labels come from closed sets (codes, route patterns, tiers) and are never a
 * tenant, an id or text, so the number of series is bounded and nothing about a user is in them.
 */

import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { AttentionMode } from './attention/modes.ts';
import { toBlockragError } from './errors.ts';

export interface MetricsOptions {
  /** Counts of the work queue; asked at each scrape. */
  queue?: (() => Promise<Record<WorkState, number>>) | undefined;
}

export type BlobResult = 'hit' | 'miss' | 'damaged';
/** Where a blob was read from. */
export type Tier = 'memory' | 'disk' | 's3';

/** What is counted of an answer; `Answer` of pipeline/question/answer.ts is one. */
export interface Answered {
  attention: AttentionMode;
  finishReason: 'end' | 'length' | 'stop' | 'no_relevant_passages';
  usage: Record<`${TokenKind | 'drafted' | 'accepted'}Tokens`, number>;
  /** Milliseconds; a phase that did not happen is 0 or left out. */
  timings?: Partial<Record<Phase | 'firstToken', number>> | undefined;
}

export interface HttpRequest {
  method: string;
  /** The pattern that matched ("/v1/documents/:id"), never the path: paths hold ids. */
  route: string;
  status: number;
  /** From the request to the end of the response, streams included. */
  seconds: number;
}

const WORK_STATES = ['waiting', 'leased', 'dead'] as const;
const BLOB_RESULTS = ['hit', 'miss', 'damaged'] as const satisfies BlobResult[];
const TOKEN_KINDS = ['reused', 'encoded', 'final', 'completion'] as const;
const PHASES = ['retrieve', 'load', 'encode', 'reencode', 'attend'] as const;
const PREFIX = 'blockrag_';

/** One number of the metrics, its name without the prefix: { name: "tokens_total", labels: { kind: "reused" } }. */
export interface Figure {
  name: string;
  labels: Record<string, string>;
  value: number;
}

type Collect = () => void | Promise<void>;
type WorkState = (typeof WORK_STATES)[number];
type TokenKind = (typeof TOKEN_KINDS)[number];
type Phase = (typeof PHASES)[number];

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** More than the API has: a caller that passes paths by mistake must not fill the memory. */
const MAX_ROUTES = 100;
/** The delay that Node measures holds the timer's own period, in ms. */
const LAG_RESOLUTION = 20;

const PHASE_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const TOKEN_BUCKETS = [0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1, 2.5];
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** The metrics of one process, in a registry of their own; times in seconds, sizes in bytes. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #routes = new Set<string>();
  readonly #lag: IntervalHistogram = monitorEventLoopDelay({ resolution: LAG_RESOLUTION });

  readonly #blobReads = this.#counter('blob_reads_total', 'Blobs looked up for answers.', ['result']);
  readonly #readBytes = this.#counter('blob_read_bytes_total', 'Bytes of blobs read.', ['tier']);
  readonly #readSeconds = this.#counter('blob_read_seconds_total', 'Seconds of reading blobs.', ['tier']);
  readonly #tokens = this.#counter('tokens_total', 'Tokens of prompts and answers.', ['kind']);
  readonly #drafts = this.#counter(
    'drafted_tokens_total',
    'Tokens drafted for the model to check, by what it said of them.',
    ['result'],
  );
  readonly #questions = this.#counter('questions_total', 'Questions by outcome.', ['code']);
  readonly #documents = this.#counter('documents_total', 'Document versions by outcome.', ['code']);
  readonly #errors = this.#counter('errors_total', 'Errors told to a client or logged.', ['code']);
  readonly #rateLimited = this.#counter('rate_limited_total', 'Requests refused by a rate limit.', []);
  readonly #firstToken = this.#histogram(
    'first_token_seconds',
    'From the question to the first token.',
    ['attention'],
    PHASE_BUCKETS,
  );
  readonly #token = this.#histogram('token_seconds', 'Between two tokens.', [], TOKEN_BUCKETS);
  readonly #phases = this.#histogram('phase_seconds', 'Work before a token.', ['phase'], PHASE_BUCKETS);
  readonly #requests = this.#histogram(
    'http_request_seconds',
    'HTTP requests, streams to their end.',
    ['route', 'method', 'status'],
    REQUEST_BUCKETS,
  );

  constructor({ queue }: MetricsOptions = {}) {
    // A rate can only be taken of a series that was there before its first event.
    for (const result of BLOB_RESULTS) this.#blobReads.inc({ result }, 0);
    for (const kind of TOKEN_KINDS) this.#tokens.inc({ kind }, 0);
    this.#drafted(0, 0);
    if (queue !== undefined) this.#observeQueue(queue);
    this.#observeProcess();
    this.#lag.enable();
  }

  /** A question, or a turn of a chat, was answered. */
  answered({ attention, finishReason, usage, timings = {} }: Answered): void {
    const nothing = finishReason === 'no_relevant_passages';
    this.#questions.inc({ code: nothing ? finishReason : 'ok' });
    for (const kind of TOKEN_KINDS) this.#tokens.inc({ kind }, usage[`${kind}Tokens`]);
    this.#drafted(usage.draftedTokens, usage.acceptedTokens);
    for (const phase of PHASES) {
      const ms = timings[phase] ?? 0;
      if (ms > 0) this.#phases.observe({ phase }, ms / 1000);
    }
    // Where nothing was asked of the model, there was no token to wait for.
    if (timings.firstToken === undefined || nothing) return;
    this.#firstToken.observe({ attention }, timings.firstToken / 1000);
  }

  #drafted(all: number, accepted: number): void {
    this.#drafts.inc({ result: 'accepted' }, accepted);
    this.#drafts.inc({ result: 'refused' }, all - accepted);
  }

  /** A question was not answered; what was thrown gives the code. */
  questionFailed(error: unknown): void {
    this.#questions.inc({ code: toBlockragError(error).code });
  }

  /** Seconds since the answer's token before; call it from the second token on. */
  tokenDecoded(seconds: number): void {
    this.#token.observe(seconds);
  }

  documentReady(): void {
    this.#documents.inc({ code: 'ok' });
  }

  documentFailed(error: unknown): void {
    this.#documents.inc({ code: toBlockragError(error).code });
  }

  /** Blobs that an answer looked for: there, not there, or there and unusable. */
  blobsRead(result: BlobResult, count = 1): void {
    this.#blobReads.inc({ result }, count);
  }

  /** Blobs came from a tier. */
  bytesRead(tier: Tier, bytes: number, seconds: number): void {
    this.#readBytes.inc({ tier }, bytes);
    this.#readSeconds.inc({ tier }, seconds);
  }

  /** Counts an error once, where it is reported or logged. */
  failed(error: unknown): void {
    this.#errors.inc({ code: toBlockragError(error).code });
  }

  rateLimited(): void {
    this.#rateLimited.inc();
  }

  requested({ method, route, status, seconds }: HttpRequest): void {
    if (this.#routes.size < MAX_ROUTES) this.#routes.add(route);
    const labels = {
      route: this.#routes.has(route) ? route : 'other',
      method: METHODS.has(method) ? method : 'other',
      status: `${Math.floor(status / 100)}xx`,
    };
    this.#requests.observe(labels, seconds);
  }

  /** The Content-Type of what `expose` gives. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics in Prometheus' text format. */
  expose(): Promise<string> {
    return this.#registry.metrics();
  }

  /** What was counted since the process began, without asking a store: counters, and counts and sums of histograms. */
  async figures(): Promise<Figure[]> {
    const counted = [
      ...[this.#blobReads, this.#tokens, this.#questions, this.#documents, this.#errors, this.#rateLimited],
      ...[this.#firstToken, this.#phases],
    ];
    const all = await Promise.all(counted.map((one) => one.get()));
    return all.flatMap(({ name, values }) =>
      values
        .map((one) => ({ ...one, name: 'metricName' in one ? String(one.metricName) : name }))
        .filter((one) => !one.name.endsWith('_bucket'))
        .map((one) => ({
          name: one.name.slice(PREFIX.length),
          labels: one.labels as Record<string, string>,
          value: one.value,
        })),
    );
  }

  /** Stops watching the event loop. */
  close(): void {
    this.#lag.disable();
  }

  #observeQueue(queue: NonNullable<MetricsOptions['queue']>): void {
    const depth = this.#gauge('work_items', 'Items in the work queue.', ['state'], async () => {
      // A gauge without values says that they are not known; the rest is wanted most when a store is down.
      depth.reset();
      try {
        const counts = await queue();
        for (const state of WORK_STATES) depth.set({ state }, counts[state]);
      } catch (error) {
        this.failed(error);
      }
    });
  }

  #observeProcess(): void {
    const lag = this.#gauge('event_loop_lag_seconds', 'Lag since the last scrape.', ['quantile'], () => {
      for (const quantile of [0.5, 0.99]) {
        const ms = this.#lag.percentile(quantile * 100) / 1e6 - LAG_RESOLUTION;
        lag.set({ quantile }, Math.max(0, ms) / 1000);
      }
      this.#lag.reset();
    });
    const cpu = this.#counter('process_cpu_seconds_total', 'Processor time.', [], () => {
      const { user, system } = process.cpuUsage();
      cpu.reset();
      cpu.inc((user + system) / 1e6);
    });
    const rss = this.#gauge('process_resident_memory_bytes', 'Resident memory.', [], () => {
      rss.set(process.memoryUsage.rss());
    });
  }

  #counter<T extends string>(name: string, help: string, labelNames: T[], collect?: Collect): Counter<T> {
    return new Counter({ ...this.#described(name, help), labelNames, ...(collect && { collect }) });
  }

  #gauge<T extends string>(name: string, help: string, labelNames: T[], collect: Collect): Gauge<T> {
    return new Gauge({ ...this.#described(name, help), labelNames, collect });
  }

  #histogram<T extends string>(name: string, help: string, labelNames: T[], buckets: number[]): Histogram<T> {
    return new Histogram({ ...this.#described(name, help), labelNames, buckets });
  }

  #described(name: string, help: string) {
    return { name: `${PREFIX}${name}`, help, registers: [this.#registry] };
  }
}
