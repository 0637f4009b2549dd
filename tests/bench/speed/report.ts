/** What the bench collects and prints. */
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import type { Flops } from './flops.ts';
import type { FirstToken } from './ours.ts';

export interface Report {
  machine: string;
  compute: string;
  repeat: number;
  /** Tokens of a passage, and of the final block. */
  passage: number;
  final: number;
  load_ms: { blockrag: number; llama: number | undefined };
  /** Of a blockrag process that serves at the largest context compared. */
  rss_mb: number;
  /** Medians: what, then who. */
  figures: Record<string, Record<string, number>>;
  flops: { context: number; block: Flops; full: Flops }[];
}

/** Measurements by what and who. */
export class Samples {
  /** Whether what comes is kept. */
  counting = true;
  #samples = new Map<string, Map<string, number[]>>();

  add(what: string, who: string, value: number): void {
    if (!this.counting) return;
    const row = this.#samples.get(what) ?? new Map<string, number[]>();
    this.#samples.set(what, row);
    row.set(who, [...(row.get(who) ?? []), value]);
  }

  addAnswer(context: number, who: 'block' | 'full', figures: FirstToken): void {
    this.add(`first token @${context}`, who, figures.first);
    if (who !== 'block') return;
    this.add(`decode ms/token @${context}`, who, figures.decode);
    this.add(
      `load + re-encode share @${context}, %`,
      who,
      // They overlap: what is not attending.
      (100 * (figures.first - figures.attend)) / figures.first,
    );
    this.add(`load ms @${context}`, who, figures.load);
    this.add(`re-encode ms @${context}`, who, figures.reencode);
    this.add(`attend ms @${context}`, who, figures.attend);
  }

  medians(): Report['figures'] {
    const of = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;
    return Object.fromEntries(
      [...this.#samples].map(([what, row]) => [
        what,
        Object.fromEntries([...row].map(([who, values]) => [who, rounded(of(values))])),
      ]),
    );
  }
}

export function machine(): string {
  const cores = `${availableParallelism()} x ${cpus()[0]?.model.trim()}`;
  return `${cores}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
}

/** Makes the next reads come from the disk; false where that is not allowed. */
export async function dropPageCache(): Promise<boolean> {
  try {
    await writeFile('/proc/sys/vm/drop_caches', '1');
    return true;
  } catch {
    return false;
  }
}

/** Milliseconds to the first token at a context, of llama.cpp the better way. */
export function firstTokens(figures: Report['figures'], context: number) {
  const best = new Map<string, number>();
  for (const [name, ms] of Object.entries(figures[`first token @${context}`] ?? {})) {
    const who = name.startsWith('llama') ? name.replace(', flash', '') : `blockrag ${name}`;
    best.set(who, Math.min(ms, best.get(who) ?? Number.POSITIVE_INFINITY));
  }
  return [...best].map(([who, ms]) => ({ x: context, ms, who }));
}

interface Target {
  name: string;
  target: string;
  value: number | undefined;
  met: boolean;
}

/** The targets of the project, as far as a run measures them. */
export function targetsOf({ figures, rss_mb }: Report): Target[] {
  const best = (what: string, who: string, pick: (...values: number[]) => number) => {
    const values = Object.entries(figures[what] ?? {}).flatMap(([name, value]) =>
      name.startsWith(who) ? [value] : [],
    );
    return values.length === 0 ? undefined : pick(...values);
  };
  const targets: Target[] = [];
  const add = (name: string, value: number | undefined, limit: number, kind: 'least' | 'most', unit = '') => {
    const target = `at ${kind} ${limit}${unit}`;
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
    add(`${what} / llama.cpp restored`, ratio(figures[what]?.block, peer), 0.45, 'most');
  }
  const encode = best('encode tokens/s', 'llama.cpp', Math.max);
  add('encode / llama.cpp prefill', ratio(figures['encode tokens/s']?.block, encode), 1.5, 'least');
  for (const context of [2048, 6000]) {
    const what = `decode ms/token @${context}`;
    const peer = best(what, 'llama.cpp restored', Math.min);
    add(`${what} / llama.cpp`, ratio(figures[what]?.block, peer), 0.9, 'most');
  }
  add('load + re-encode share @6000', figures['load + re-encode share @6000, %']?.block, 15, 'most', ' %');
  add('bytes on disk a token', figures['bytes a token']?.block, 11_800, 'most');
  add('RSS serving, MB', rss_mb, 1000, 'most');
  return targets;
}

export function toText(report: Report): string {
  const { figures, flops, load_ms } = report;
  const lines = [`${report.machine}; ${report.compute}; medians of ${report.repeat}`, ''];
  lines.push('| figure | who | value |', '|---|---|---|');
  for (const [what, row] of Object.entries(figures)) {
    for (const [who, value] of Object.entries(row)) lines.push(`| ${what} | ${who} | ${value} |`);
  }
  lines.push(`| model load, ms | blockrag | ${rounded(load_ms.blockrag)} |`);
  if (load_ms.llama !== undefined) lines.push(`| model load, ms | llama.cpp | ${rounded(load_ms.llama)} |`);
  lines.push(`| RSS serving, MB | blockrag | ${report.rss_mb} |`, '');
  lines.push('| GFLOP to the first token | block: linear | attention | full: linear | attention | less |');
  lines.push('|---|---|---|---|---|---|');
  for (const { context, block, full } of flops) {
    const cells = [block.linear, block.attention, full.linear, full.attention].map((n) => rounded(n / 1e9));
    const less = 1 - (block.linear + block.attention) / (full.linear + full.attention);
    lines.push(`| ${context} | ${cells.join(' | ')} | ${rounded(100 * less)} % |`);
  }
  lines.push('', '| target | | measured | met |', '|---|---|---|---|');
  for (const { name, target, value, met } of targetsOf(report)) {
    lines.push(`| ${name} | ${target} | ${value} | ${met ? 'yes' : 'no'} |`);
  }
  return `${lines.join('\n')}\n`;
}

function rounded(value: number): number {
  return value >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
}
