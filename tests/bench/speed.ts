/**
 * Speed against the best alternative on the same machine, in one run: blockrag's block and full attention and
 * llama.cpp on the same weights (the whole prompt; the exact prefix's state read from a file), interleaved, medians.
 */

import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { ComputeType } from '../../shared/model/compute.ts';
import { DEFAULT_MODEL, fetchModelFile } from '../../shared/model/sources/index.ts';
import { testConfig, testFetch } from '../support/settings.ts';
import { drawReports } from './speed/draw.ts';
import { countFlops } from './speed/flops.ts';
import { Llama } from './speed/llama.ts';
import { DECODED, FINAL, Ours, PASSAGE } from './speed/ours.ts';
import { drawTimes, installPeers } from './speed/peers.ts';
import { dropPageCache, firstTokens, machine, type Report, Samples, toText } from './speed/report.ts';

const HELP = `Usage: npm run bench [-- OPTIONS]

  --model NAME       a known model (${DEFAULT_MODEL})
  --json             print JSON
  --quick            one round, contexts up to 2,048 tokens
  --repeat N         rounds that count (3); one more before them warms up
  --compute TYPE     compute type of blockrag (w8a8)
  --no-peers         without llama.cpp
  --svg FILE         also draw the time to the first token
  --draw A,B         only draw what was measured before, from files of --json, to --svg (first-token.svg)
  --contexts A,B     contexts compared with llama.cpp (512,2048,6000)
  --long A,B         contexts of blockrag alone, beyond what the model was trained for: timing only (16384,32000)

npm run bench -- --json --model qwen2.5-coder-0.5b-instruct > bench.json
`;

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: DEFAULT_MODEL },
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    repeat: { type: 'string', default: '3' },
    compute: { type: 'string', default: 'w8a8' },
    'no-peers': { type: 'boolean', default: false },
    svg: { type: 'string' },
    draw: { type: 'string' },
    contexts: { type: 'string', default: '512,2048,6000' },
    long: { type: 'string', default: '16384,32000' },
    /** Internal: only serves one answer at this context and prints its memory. */
    memory: { type: 'string' },
    /** Internal: answers at the largest context from blobs in this folder, and says so. */
    answer: { type: 'string' },
  },
});
const numbers = (list: string) => list.split(',').filter(Boolean).map(Number);
const compute = values.compute as ComputeType;
const repeat = values.quick ? 1 : Number(values.repeat);
const contexts = numbers(values.quick ? '512,2048' : values.contexts);
const long = values.quick ? [] : numbers(values.long);
const say = (text: string) => void process.stderr.write(`${text}\n`);

if (values.help) process.stdout.write(HELP);
else if (values.draw !== undefined)
  await drawReports(values.draw.split(','), values.svg ?? 'first-token.svg');
else if (values.answer !== undefined) await answerOnce(values.answer);
else if (values.memory !== undefined) await serveOnce(Number(values.memory));
else await main();

async function main(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'blockrag-bench-'));
  try {
    const report = await measure(directory);
    if (values.svg !== undefined) {
      const points = [...contexts, ...long].flatMap((context) => firstTokens(report.figures, context));
      await drawTimes(values.svg, points, { x: 'tokens of context', y: 'first token, ms' });
    }
    process.stdout.write(values.json ? `${JSON.stringify(report, null, 1)}\n` : toText(report));
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function measure(directory: string): Promise<Report> {
  const samples = new Samples();
  const ours = await Ours.open(compute, directory, 0, values.model);
  const hot = await Ours.open(compute, directory, 2 ** 30, values.model);
  const llama = values['no-peers'] ? undefined : await openLlama();
  say(`encoding the passages of ${Math.max(...contexts, ...long)} tokens`);
  for (const context of [...contexts, ...long]) await ours.prepare(context);
  const states = llama && (await saveStates(llama, ours, directory));
  // The first round warms everything up; it is not counted.
  for (let round = 0; round <= repeat; round++) {
    say(round === 0 ? 'warming up' : `round ${round} of ${repeat}`);
    samples.counting = round > 0;
    const { rate, bytes } = await ours.encode(8);
    samples.add('encode tokens/s', 'block', rate);
    samples.add('bytes a token', 'block', bytes);
    await llama?.prefillPassages(samples, ours);
    for (const context of contexts) {
      await ours.firstToken(context, 'block').then((figures) => samples.addAnswer(context, 'block', figures));
      const { first } = await hot.firstToken(context, 'block', 1);
      samples.add(`first token @${context}`, 'block, blobs in memory', first);
      await states?.restored(samples, context);
      await ours
        .firstToken(context, 'full', 1)
        .then((figures) => samples.addAnswer(context, 'full', figures));
      await llama?.prefill(samples, ours, context);
      if (await dropPageCache()) {
        const { first: cold } = await ours.firstToken(context, 'block', 1);
        samples.add(`first token @${context}, page cache dropped`, 'block', cold);
      }
    }
  }
  for (const context of long) {
    say(`${context} tokens`);
    for (let i = 0; i <= repeat; i++) {
      samples.counting = i > 0;
      samples.addAnswer(context, 'block', await ours.firstToken(context, 'block'));
    }
    // Once: it takes minutes.
    samples.addAnswer(context, 'full', await ours.firstToken(context, 'full', 1));
  }
  const { architecture, files } = ours.model.manifest;
  const loads = { blockrag: ours.loadMs, llama: llama?.peer.loadMs };
  llama?.peer.close();
  await Promise.all([ours.close(), hot.close()]);
  const starts = await measureStarts(ours, llama, directory);
  return {
    machine: machine(),
    model: values.model,
    compute,
    repeat,
    passage: PASSAGE,
    final: FINAL,
    load_ms: loads,
    start_ms: starts,
    compiled_mb: files.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6,
    rss_mb: measureMemory(Math.max(...contexts)),
    figures: samples.medians(),
    flops: [...contexts, ...long].map((context) => ({
      context,
      block: countFlops(architecture, FINAL, context),
      full: countFlops(architecture, context + FINAL, 0),
    })),
  };
}

/** llama.cpp with and without flash attention: each sample is kept by its way, and the better way counts. */
async function openLlama() {
  installPeers();
  const file = await fetchModelFile(values.model, testFetch());
  const contextSize = Math.max(...contexts) + FINAL + DECODED + 32;
  const options = { threads: availableParallelism(), contextSize };
  const peer = await Llama.open(file.file, options);
  const ways = [true, false];
  const prompt = (ours: Ours, context: number) =>
    Uint32Array.from([...ours.blocks(context).flatMap((block) => [...block]), ...ours.tokens(FINAL, 999)]);
  return {
    peer,
    options,
    file: file.file,
    async prefill(samples: Samples, ours: Ours, context: number) {
      for (const flash of ways) {
        const { first } = await peer.prefill(flash, prompt(ours, context), 1);
        samples.add(`first token @${context}`, `llama.cpp full${flash ? ', flash' : ''}`, first);
      }
    },
    async prefillPassages(samples: Samples, ours: Ours) {
      for (const flash of ways) {
        const way = flash ? ', flash' : '';
        let alone = 0;
        for (let i = 0; i < 8; i++)
          alone += (await peer.prefill(flash, ours.tokens(PASSAGE, 100 + i), 1)).first;
        samples.add('encode tokens/s', `llama.cpp one by one${way}`, (8 * PASSAGE * 1000) / alone);
        const together = Array.from({ length: 8 }, (_, i) => [...ours.tokens(PASSAGE, 100 + i)]).flat();
        const { first } = await peer.prefill(flash, Uint32Array.from(together), 1);
        samples.add('encode tokens/s', `llama.cpp together${way}`, (8 * PASSAGE * 1000) / first);
      }
    },
  };
}

async function saveStates({ peer }: Awaited<ReturnType<typeof openLlama>>, ours: Ours, directory: string) {
  const file = (flash: boolean, context: number) => stateFile(directory, flash, context);
  for (const flash of [true, false]) {
    for (const context of contexts) {
      const tokens = Uint32Array.from(ours.blocks(context).flatMap((block) => [...block]));
      await peer.save(flash, tokens, file(flash, context));
    }
  }
  return {
    async restored(samples: Samples, context: number) {
      for (const flash of [true, false]) {
        const figures = await peer.restored(flash, file(flash, context), ours.tokens(FINAL, 999), DECODED);
        const who = `llama.cpp restored${flash ? ', flash' : ''}`;
        samples.add(`first token @${context}`, who, figures.first);
        samples.add(`decode ms/token @${context}`, who, figures.decode);
      }
    },
  };
}

function stateFile(directory: string, flash: boolean, context: number): string {
  return join(directory, `llama-${flash}-${context}.state`);
}

/** Milliseconds from the start of a process to its first token at the largest context, medians. */
async function measureStarts(
  ours: Ours,
  llama: Awaited<ReturnType<typeof openLlama>> | undefined,
  directory: string,
): Promise<Report['start_ms']> {
  const samples = new Samples();
  const context = Math.max(...contexts);
  for (let i = 0; i < repeat; i++) {
    say(`start ${i + 1} of ${repeat}`);
    const started = performance.now();
    runSelf('--answer', directory);
    samples.add('start', 'blockrag', performance.now() - started);
    if (llama === undefined) continue;
    const before = performance.now();
    const peer = await Llama.open(llama.file, llama.options);
    await peer.restored(true, stateFile(directory, true, context), ours.tokens(FINAL, 999), 1);
    samples.add('start', 'llama', performance.now() - before);
    peer.close();
  }
  const { blockrag, llama: peer } = samples.medians().start!;
  return { blockrag: blockrag!, llama: peer };
}

async function answerOnce(directory: string): Promise<void> {
  const ours = await Ours.open(compute, directory, 0, values.model);
  await ours.firstToken(Math.max(...contexts), 'block', 1);
  // Its end is the measurement's: nothing is waited for.
  process.exit(0);
}

/** Runs this file in a process of its own; gives what it prints. */
function runSelf(...args: string[]): string {
  const self = ['--import', 'tsx', fileURLToPath(import.meta.url), '--compute', compute];
  const options = ['--model', values.model, '--contexts', contexts.join()];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...self, ...options, ...args], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** Memory of a process that serves at this context, in MB. */
function measureMemory(context: number): number {
  return Math.round(Number(runSelf('--memory', String(context)).trim()));
}

async function serveOnce(context: number): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'blockrag-bench-'));
  const ours = await Ours.open(compute, directory, testConfig().hotBytes, values.model);
  await ours.prepare(context);
  for (let i = 0; i < 3; i++) await ours.firstToken(context, 'block');
  process.stdout.write(`${process.memoryUsage.rss() / 1e6}\n`);
  await ours.close();
  await rm(directory, { recursive: true });
}
