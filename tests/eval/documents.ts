/**
 * How much of the text of PDF files reaches their passages, and in which order, measured against pdftotext (poppler).
 *
 *   bash tests/eval/documents-set.sh DIR            makes a set of PDF files from Debian's documentation packages
 *   node --import tsx tests/eval/documents.ts DIR   [--json] [--raw]
 *
 * kept: of the words that pdftotext gives, counted as often as they occur, the share that the document has too. Lines
 * that stand on a third of the pages or more (headers, footers; digits are taken for equal) are left out of the
 * reference, since they are not kept on purpose; --raw keeps them in. Hyphens are left out of both, so that it does
 * not matter where a word is parted.
 * order: of the words that occur once in both, the share of the longest common subsequence.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { parseDocument } from '../../shared/documents/parse.ts';
import { blockText } from '../../shared/documents/passages/pieces.ts';
import type { ParsedDocument } from '../../shared/documents/types.ts';
import { quantile } from '../support/quantiles.ts';
import { orderOf, sharedWords, wordsOf } from './documents-words.ts';

interface Result {
  file: string;
  pages: number;
  words: number;
  kept: number;
  order: number;
  seconds: number;
  error?: string;
}

const MAX_OUTPUT_BYTES = 1 << 28;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, raw: { type: 'boolean' } },
});
const folder = positionals[0] ?? '.';
const results: Result[] = [];
for (const name of readdirSync(folder).sort()) {
  if (!name.endsWith('.pdf')) continue;
  const result = await measure(join(folder, name), name);
  results.push(result);
  if (!values.json) process.stderr.write(`${line(result)}\n`);
}
report(results);

async function measure(path: string, file: string): Promise<Result> {
  const pages = execFileSync('pdftotext', ['-enc', 'UTF-8', path, '-'], {
    maxBuffer: MAX_OUTPUT_BYTES,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
    .toString()
    .replace(/\f$/, '')
    .split('\f');
  const reference = wordsOf((values.raw ? pages : withoutRepeated(pages)).join('\n'));
  const started = performance.now();
  try {
    const document = await parseDocument(readFileSync(path), { name: file });
    const seconds = (performance.now() - started) / 1000;
    const ours = wordsOf(textOf(document));
    return {
      file,
      pages: pages.length,
      words: reference.length,
      kept: sharedWords(reference, ours) / Math.max(1, reference.length),
      order: orderOf(reference, ours),
      seconds,
    };
  } catch (error) {
    const seconds = (performance.now() - started) / 1000;
    const failed = { file, pages: pages.length, words: reference.length, kept: 0, order: 0, seconds };
    return { ...failed, error: (error as Error).message };
  }
}

/** A document's text with its headings, each once. */
function textOf({ title, sections }: ParsedDocument): string {
  let open: string[] = [];
  const lines = [title];
  for (const { headings, content } of sections) {
    const same = headings.findIndex((heading, i) => heading !== open[i]);
    lines.push(...(same < 0 ? [] : headings.slice(same)), ...content.map(blockText));
    open = headings;
  }
  return lines.join('\n');
}

function withoutRepeated(pages: readonly string[]): string[] {
  const key = (text: string) => text.trim().replace(/\d+|\b[ivxlc]+\b/g, '#');
  const counts = new Map<string, number>();
  for (const page of pages) {
    for (const text of new Set(page.split('\n').map(key))) counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const limit = Math.max(3, pages.length / 3);
  const isKept = (text: string) => (counts.get(key(text)) ?? 0) < limit;
  return pages.map((page) => page.split('\n').filter(isKept).join('\n'));
}

function line({ file, pages, words, kept, order, seconds, error }: Result): string {
  const figures =
    error ?? `kept ${percent(kept)}, order ${percent(order)}, ${(pages / seconds).toFixed(0)} pages/s`;
  return `${file}: ${pages} pages, ${words} words: ${figures}`;
}

function report(all: readonly Result[]): void {
  const total = (of: (result: Result) => number) => all.reduce((sum, result) => sum + of(result), 0);
  const words = total((result) => result.words);
  const summary = {
    files: all.length,
    failed: all.filter(({ error }) => error !== undefined).length,
    pages: total(({ pages }) => pages),
    words,
    kept: total((result) => result.kept * result.words) / words,
    keptOfMedianFile:
      quantile(
        all.map(({ kept }) => kept),
        0.5,
      ) ?? 0,
    order: total((result) => result.order * result.words) / words,
    pagesPerSecond: total(({ pages }) => pages) / total(({ seconds }) => seconds),
  };
  process.stdout.write(`${JSON.stringify(values.json ? { summary, files: all } : summary, null, 2)}\n`);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
