/** What the bench collects and prints. */
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { median } from '../../support/quantiles.ts';
import type { Flops } from './flops.ts';
import type { FirstToken } from './ours.ts';
import { targetsOf } from './targets.ts';

export interface Report {
  machine: string;
  model: string;
  compute: string;
  repeat: number;
  /** Tokens of a passage, and of the final block. */
  passage: number;
  final: number;
  load_ms: { blockrag: number; llama: number | undefined };
  /** From the start of a process to the first token behind the largest context compared. */
  start_ms: { blockrag: number; llama: number | undefined };
  /** Of the compiled model on the disk. */
  compiled_mb: number;
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
    return Object.fromEntries(
      [...this.#samples].map(([what, row]) => [
        what,
        Object.fromEntries([...row].map(([who, values]) => [who, rounded(median(values))])),
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

export function toText(report: Report): string {
  const { figures, flops, load_ms, start_ms } = report;
  const about = [report.machine, report.model, report.compute, `medians of ${report.repeat}`];
  const lines = [about.join('; '), ''];
  lines.push('| figure | who | value |', '|---|---|---|');
  for (const [what, row] of Object.entries(figures)) {
    for (const [who, value] of Object.entries(row)) lines.push(`| ${what} | ${who} | ${value} |`);
  }
  lines.push(`| model load, ms | blockrag | ${rounded(load_ms.blockrag)} |`);
  if (load_ms.llama !== undefined) lines.push(`| model load, ms | llama.cpp | ${rounded(load_ms.llama)} |`);
  lines.push(`| start to first token, ms | blockrag | ${rounded(start_ms.blockrag)} |`);
  if (start_ms.llama !== undefined)
    lines.push(`| start to first token, ms | llama.cpp restored | ${rounded(start_ms.llama)} |`);
  lines.push(`| compiled, MB | blockrag | ${rounded(report.compiled_mb)} |`);
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

export function rounded(value: number): number {
  return value >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
}
