/**
 * The metrics of a function, or of a server on AWS, for CloudWatch, which finds them in its log (embedded metric
 * format): nobody scrapes a function. What is written is what was counted since the last time.
 */
import type { Figure, Metrics } from '../shared/metrics.ts';

/** Counted things of one name, summed over the rest of their labels: "tokens_total" of kind "reused". */
const COUNTS: [figure: string, label: string, names: Record<string, string>][] = [
  ['blob_reads_total', 'result', { hit: 'BlobHits', miss: 'BlobMisses', damaged: 'BlobsDamaged' }],
  [
    'tokens_total',
    'kind',
    {
      ...{ reused: 'TokensReused', encoded: 'TokensEncoded' },
      ...{ final: 'TokensFinal', completion: 'TokensCompletion' },
    },
  ],
];
/** Counted by code, which is a dimension: few codes ever occur. */
const BY_CODE: Record<string, string> = {
  questions_total: 'Questions',
  documents_total: 'Documents',
  errors_total: 'Errors',
};
const PHASES = {
  retrieve: 'RetrieveMs',
  load: 'LoadMs',
  encode: 'EncodeMs',
  reencode: 'ReencodeMs',
  attend: 'AttendMs',
};
const TIMES: [figure: string, label: string | undefined, names: Record<string, string>][] = [
  ['first_token_seconds', undefined, { '': 'FirstTokenMs' }],
  ['phase_seconds', 'phase', PHASES],
];
/** The most values of a metric in one line. */
const MAX_VALUES = 100;

export interface EmbeddedMetricsOptions {
  namespace: string;
  /** The dimension of all: "query", which a server has too: it answers in the function's place. */
  function: string;
  /** Takes a line; default: stdout. */
  write?: (line: string) => void;
}

export class EmbeddedMetrics {
  #metrics: Pick<Metrics, 'figures'>;
  #options: EmbeddedMetricsOptions;
  #before = new Map<string, number>();

  constructor(metrics: Pick<Metrics, 'figures'>, options: EmbeddedMetricsOptions) {
    this.#metrics = metrics;
    this.#options = options;
  }

  /** Writes what was counted since the last report; nothing where nothing was. */
  async report(): Promise<void> {
    const since = this.#since(await this.#metrics.figures());
    const values: Record<string, number | number[]> = {};
    for (const [figure, label, names] of COUNTS) {
      for (const [kind, name] of Object.entries(names)) {
        const count = sum(since, figure, label, kind);
        if (count > 0) values[name] = count;
      }
    }
    const limited = sum(since, 'rate_limited_total');
    if (limited > 0) values.RateLimited = limited;
    for (const [figure, label, names] of TIMES) {
      for (const [kind, name] of Object.entries(names)) {
        const count = sum(since, `${figure}_count`, label, kind);
        if (count === 0) continue;
        const mean = Math.round((sum(since, `${figure}_sum`, label, kind) / count) * 1e6) / 1e3;
        // An instance answers one question at a time, so this is mostly one value.
        values[name] = Array<number>(Math.min(count, MAX_VALUES)).fill(mean);
      }
    }
    this.#write(values, {});
    for (const [figure, name] of Object.entries(BY_CODE)) {
      for (const { name: of, labels, value } of since) {
        if (of === figure && value > 0) this.#write({ [name]: value }, { code: labels.code! });
      }
    }
  }

  #since(figures: readonly Figure[]): Figure[] {
    return figures.map((figure) => {
      const key = JSON.stringify([figure.name, figure.labels]);
      const value = figure.value - (this.#before.get(key) ?? 0);
      this.#before.set(key, figure.value);
      return { ...figure, value };
    });
  }

  #write(values: Record<string, number | number[]>, more: Record<string, string>): void {
    const names = Object.keys(values);
    if (names.length === 0) return;
    const { namespace: Namespace, function: of, write = toStdout } = this.#options;
    const Metrics = names.map((Name) => ({ Name, Unit: Name.endsWith('Ms') ? 'Milliseconds' : 'Count' }));
    const Dimensions = [['function', ...Object.keys(more)]];
    const _aws = { Timestamp: Date.now(), CloudWatchMetrics: [{ Namespace, Dimensions, Metrics }] };
    write(JSON.stringify({ _aws, function: of, ...more, ...values }));
  }
}

function sum(figures: readonly Figure[], name: string, label?: string, kind?: string): number {
  const those = figures.filter(
    (one) => one.name === name && (label === undefined || one.labels[label] === kind),
  );
  return those.reduce((total, { value }) => total + value, 0);
}

function toStdout(line: string): void {
  process.stdout.write(`${line}\n`);
}
