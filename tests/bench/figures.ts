/**
 * First figures of the engine: encode, first token of block and full attention, decode, memory, disk; compute
 * types interleaved in one run, medians. Usage: npm run bench [-- --json] [-- --repeat 5]
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { AttentionMode, PromptFigures } from '../../shared/attention/answer.ts';
import { Engine } from '../../shared/attention/engine.ts';
import { REFERENCE_PASSAGES } from '../../shared/attention/reference-text.ts';
import { GREEDY } from '../../shared/attention/sampling.ts';
import type { ComputeType } from '../../shared/model/onnx/linear.ts';
import { prepareModel } from '../../shared/pipeline/model.ts';
import { openFsBlobStore } from '../../shared/storage/blobs/fs.ts';
import type { BlobStore } from '../../shared/storage/ports.ts';

const PASSAGE = 256;
const FINAL = 50;
const DECODE = 17;
const CONTEXTS = [2048, 6000];

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    repeat: { type: 'string', default: '3' },
    compute: { type: 'string', default: 'w8a8,q8' },
    rss: { type: 'string' },
  },
});
const repeat = Number(values.repeat);
const computes = values.compute.split(',') as ComputeType[];

interface Subject {
  compute: ComputeType;
  engine: Engine;
  text: Uint32Array;
}

async function openSubject(compute: ComputeType): Promise<Subject> {
  const model = await prepareModel({ reference: 'smollm2-135m-instruct', compute, requireText: true });
  const tokenizer = await model.tokenizer();
  const text = tokenizer.encode(REFERENCE_PASSAGES.map((passage) => passage.text).join('\n'));
  const engine = new Engine({ directory: model.directory, threads: undefined, contextBytes: 2 ** 31 });
  await engine.ready();
  return { compute, engine, text };
}

/** Real text, repeated, each block at another offset so that no two are equal. */
function tokensOf({ text }: Subject, count: number, offset: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => text[(offset * 37 + i) % text.length]!);
}

interface FirstToken {
  first: number;
  load: number;
  reencode: number;
  attend: number;
  decodePerToken: number;
}

async function firstToken(
  subject: Subject,
  blobs: BlobStore,
  context: number,
  attention: AttentionMode,
): Promise<FirstToken> {
  const sizes = Array.from({ length: Math.ceil(context / PASSAGE) }, (_, i) =>
    Math.min(PASSAGE, context - i * PASSAGE),
  );
  const started = performance.now();
  const blocks = await Promise.all(
    sizes.map(async (size, i) => ({
      tokens: tokensOf(subject, size, i),
      key: `${i}-${size}`,
      object: attention === 'full' ? undefined : await blobs.get(`${subject.compute}/${i}-${size}`),
    })),
  );
  const load = performance.now() - started;
  let first = 0;
  let figures: PromptFigures | undefined;
  const missing: Promise<boolean>[] = [];
  const { decodeMs } = await subject.engine.answer(
    {
      attention,
      blocks,
      finalBlock: tokensOf(subject, FINAL, 999),
      dtype: 'int8',
      sampling: GREEDY,
      maxTokens: DECODE,
      end: [],
    },
    {
      onEvent: (event) => {
        if (event.kind === 'attended') figures = event;
        if (event.kind === 'encoded') {
          missing.push(blobs.put(`${subject.compute}/${blocks[event.index]!.key}`, event.object));
        }
        if (event.kind === 'token' && first === 0) first = performance.now() - started;
      },
    },
  );
  await Promise.all(missing);
  const { reencode, attend } = figures!.timings;
  return { first, load, reencode, attend, decodePerToken: decodeMs / (DECODE - 1) };
}

const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[numbers.length >> 1]!;
const round = (number: number) => Math.round(number * 100) / 100;

async function measure(): Promise<Record<string, Record<string, number>>> {
  const directory = await mkdtemp(join(tmpdir(), 'blockrag-bench-'));
  const blobs = await openFsBlobStore(directory);
  const subjects = await Promise.all(computes.map(openSubject));
  const samples: Record<string, Record<string, number[]>> = {};
  const note = (compute: string, name: string, value: number) => {
    samples[compute] ??= {};
    samples[compute][name] ??= [];
    samples[compute][name].push(value);
  };
  // The first round stores the blobs and warms everything up; it is not counted.
  for (let round = 0; round <= repeat; round++) {
    for (const subject of subjects) {
      const count = round > 0 ? note : () => {};
      const { compute, engine } = subject;
      const started = performance.now();
      let bytes = 0;
      for (let i = 0; i < 4; i++) {
        const tokens = tokensOf(subject, PASSAGE, 100 + i);
        const [object] = await engine.encode({ blocks: [{ tokens, key: `encode-${i}` }], dtype: 'int8' });
        bytes = object!.length;
      }
      count(compute, 'encode tokens/s', (4 * PASSAGE * 1000) / (performance.now() - started));
      count(compute, 'disk bytes/token', bytes / PASSAGE);
      for (const context of CONTEXTS) {
        const block = await firstToken(subject, blobs, context, 'block');
        const full = await firstToken(subject, blobs, context, 'full');
        count(compute, `block first token @${context}, ms`, block.first);
        count(compute, `full first token @${context}, ms`, full.first);
        count(compute, `less time @${context}, %`, 100 * (1 - block.first / full.first));
        count(
          compute,
          `load + re-encode @${context}, % of first token`,
          (100 * (block.load + block.reencode)) / block.first,
        );
        count(compute, `decode @${context}, ms/token`, block.decodePerToken);
      }
    }
    process.stderr.write(`round ${round} of ${repeat}\n`);
  }
  await Promise.all(subjects.map(({ engine }) => engine.dispose()));
  await rm(directory, { recursive: true });
  return Object.fromEntries(
    Object.entries(samples).map(([compute, figures]) => [
      compute,
      Object.fromEntries(Object.entries(figures).map(([name, list]) => [name, round(median(list))])),
    ]),
  );
}

/** Peak memory of a process that serves one compute type, one answer at the largest context. */
async function measureMemory(compute: ComputeType): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'blockrag-bench-'));
  const blobs = await openFsBlobStore(directory);
  const subject = await openSubject(compute);
  await firstToken(subject, blobs, CONTEXTS.at(-1)!, 'block');
  await firstToken(subject, blobs, CONTEXTS.at(-1)!, 'block');
  process.stdout.write(`${process.memoryUsage.rss() / 1e6}\n`);
  await subject.engine.dispose();
  await rm(directory, { recursive: true });
}

if (values.rss !== undefined) {
  await measureMemory(values.rss as ComputeType);
} else {
  const figures = await measure();
  for (const compute of computes) {
    const args = ['--import', 'tsx', fileURLToPath(import.meta.url), '--rss', compute];
    const child = spawnSync(process.execPath, args, { encoding: 'utf8' });
    figures[compute]![`RSS serving @${CONTEXTS.at(-1)}, MB`] = Math.round(Number(child.stdout.trim()));
  }
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.version}`;
  if (values.json) process.stdout.write(`${JSON.stringify({ machine, figures })}\n`);
  else {
    process.stdout.write(
      `${machine}\n\n| figure | ${computes.join(' | ')} |\n|---|${'---|'.repeat(computes.length)}\n`,
    );
    for (const name of Object.keys(figures[computes[0]!]!)) {
      process.stdout.write(
        `| ${name} | ${computes.map((compute) => figures[compute]![name]).join(' | ')} |\n`,
      );
    }
  }
}
