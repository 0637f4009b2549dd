/**
 * How long the event loop of the embedded default is held while a PDF of 40 pages is added and encoded.
 * Usage: node --import tsx tests/bench/event-loop.ts [pages]
 */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { DEFAULT_TENANT } from '../../shared/pipeline/defaults.ts';
import { openEmbedded, testConfig } from '../support/settings.ts';

const pages = Number(process.argv[2] ?? 40);
const data = await mkdtemp(join(tmpdir(), 'blockrag-bench-'));
const blockrag = await openEmbedded(testConfig({ data }));
await blockrag.warm();
const bytes = await makePdf(pages);
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const started = performance.now();
const { id } = await blockrag.add({
  tenant: DEFAULT_TENANT,
  collection: 'bench',
  name: 'long.pdf',
  mediaType: undefined,
  bytes,
});
let document = await blockrag.document(DEFAULT_TENANT, id);
while (document?.status !== 'ready' && document?.status !== 'failed') {
  await new Promise((resolve) => setTimeout(resolve, 100));
  document = await blockrag.document(DEFAULT_TENANT, id);
}
delay.disable();
const ms = (nanoseconds: number) => (nanoseconds / 1e6).toFixed(1);
process.stdout.write(
  `${pages} pages, ${bytes.length} bytes, ${document.passages} passages, ${document.status} after ${((performance.now() - started) / 1000).toFixed(1)} s; event loop held: p50 ${ms(delay.percentile(50))}, p99 ${ms(delay.percentile(99))}, max ${ms(delay.max)} ms\n`,
);
await blockrag.close();
await rm(data, { recursive: true });

/** A plain PDF of a sample text, each page shifted so that no two are equal. */
async function makePdf(count: number): Promise<Uint8Array> {
  const text = await readFile(new URL('../../functions/cli/samples/history.txt', import.meta.url), 'utf8');
  const words = text.replace(/[^\x20-\x7e]+/g, ' ').split(' ');
  const objects: string[] = ['<< /Type /Catalog /Pages 2 0 R >>', ''];
  objects.push('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>');
  const kids: string[] = [];
  for (let page = 0; page < count; page++) {
    const lines = Array.from({ length: 44 }, (_, line) => {
      const from = (page * 61 + line * 13) % words.length;
      return `(${words
        .slice(from, from + 13)
        .join(' ')
        .replace(/[\\()]/g, '\\$&')}) Tj T*`;
    });
    const content = `BT /F1 11 Tf 14 TL 60 780 Td ${lines.join('\n')} ET`;
    kids.push(`${objects.length + 1} 0 R`);
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents ${objects.length + 2} 0 R /Resources << /Font << /F1 3 0 R >> >> >>`,
      `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    );
  }
  objects[1] = `<< /Type /Pages /Kids [${kids.join(' ')}] /Count ${count} >>`;
  let pdf = '%PDF-1.4\n';
  const offsets = objects.map((object, i) => {
    const offset = pdf.length;
    pdf += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return String(offset).padStart(10, '0');
  });
  const start = pdf.length;
  pdf += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.map((o) => `${o} 00000 n \n`).join('')}`;
  pdf += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`;
  return new TextEncoder().encode(pdf);
}
