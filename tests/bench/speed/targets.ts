/** What the project wants of its speed, for each model, against what a run measured. */
import { type Report, rounded } from './report.ts';

interface Target {
  name: string;
  target: string;
  value: number | undefined;
  met: boolean;
}

interface Limits {
  /** First token of block attention against llama.cpp restored, at most. */
  restored: number;
  /** Encoding against llama.cpp's best prefill, at least. */
  encode: number;
  /** Bytes of blobs a token, at most. */
  bytes: number | undefined;
  /** Memory of the process that serves, in MB, at most. */
  rss(compiledMb: number): number;
}

const SMALL: Limits = { restored: 0.45, encode: 1.5, bytes: 11_800, rss: () => 1000 };
const LARGE: Limits = {
  restored: 0.3,
  encode: 2,
  bytes: undefined,
  rss: (compiledMb) => 1.35 * compiledMb + 600,
};

/** The targets of the project, as far as a run measures them. */
export function targetsOf(report: Report): Target[] {
  const { figures, rss_mb, start_ms, compiled_mb } = report;
  const limits = report.model === 'smollm2-135m-instruct' ? SMALL : LARGE;
  const best = (what: string, who: string, pick: (...values: number[]) => number) => {
    const values = Object.entries(figures[what] ?? {}).flatMap(([name, value]) =>
      name.startsWith(who) ? [value] : [],
    );
    return values.length === 0 ? undefined : pick(...values);
  };
  const targets: Target[] = [];
  const add = (name: string, value: number | undefined, limit: number, kind: 'least' | 'most', unit = '') => {
    const target = `at ${kind} ${rounded(limit)}${unit}`;
    const met = value !== undefined && (kind === 'least' ? value >= limit : value <= limit);
    if (value !== undefined) targets.push({ name, target, value: rounded(value), met });
  };
  const ratio = (a: number | undefined, b: number | undefined) =>
    a === undefined || b === undefined ? undefined : a / b;
  for (const [context, limit] of [
    [2048, 97.5],
    [6000, 99],
    [32000, 99.5],
  ] as const) {
    const row = figures[`first token @${context}`];
    const less = ratio(row?.block, row?.full);
    add(`first token @${context}, less than full`, less && 100 * (1 - less), limit, 'least', ' %');
  }
  for (const context of [2048, 6000]) {
    const what = `first token @${context}`;
    const peer = best(what, 'llama.cpp restored', Math.min);
    add(`${what} / llama.cpp restored`, ratio(figures[what]?.block, peer), limits.restored, 'most');
  }
  const encode = best('encode tokens/s', 'llama.cpp', Math.max);
  add('encode / llama.cpp prefill', ratio(figures['encode tokens/s']?.block, encode), limits.encode, 'least');
  for (const context of [2048, 6000]) {
    const what = `decode ms/token @${context}`;
    const peer = best(what, 'llama.cpp restored', Math.min);
    add(`${what} / llama.cpp`, ratio(figures[what]?.block, peer), 0.9, 'most');
  }
  add('load + re-encode share @6000', figures['load + re-encode share @6000, %']?.block, 15, 'most', ' %');
  add('start to first token / llama.cpp', ratio(start_ms.blockrag, start_ms.llama), 1.2, 'most');
  if (limits.bytes !== undefined)
    add('bytes on disk a token', figures['bytes a token']?.block, limits.bytes, 'most');
  add('RSS serving, MB', rss_mb, limits.rss(compiled_mb), 'most');
  return targets;
}
