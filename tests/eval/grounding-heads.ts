/**
 * Finds the heads whose attention tells which passage an answer was taken from (shared/model/grounding.ts): SQuAD
 * questions of the training mix, each with its gold passage and four others, under block attention; those answered
 * right are counted. Prints the best heads, and sets grown greedily from them.
 *
 * node --import tsx tests/eval/grounding-heads.ts [--questions 100] [--adapter FILE | --no-adapter]
 */
import { Console } from 'node:console';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { calibrate } from '../../shared/attention/calibrate.ts';
import { Decoder } from '../../shared/attention/decoder.ts';
import { encodeBlock } from '../../shared/attention/encode.ts';
import { attentionByBlock } from '../../shared/attention/grounding.ts';
import { argmax } from '../../shared/attention/sampling.ts';
import { decodeBlob, encodeBlob } from '../../shared/kv/blob.ts';
import { ContextKv } from '../../shared/kv/context.ts';
import { adapterFile, readAdapter } from '../../shared/model/adapter.ts';
import { compileModel } from '../../shared/model/compile.ts';
import type { CompiledModel } from '../../shared/model/compiled.ts';
import { PromptTemplate, passageText } from '../../shared/model/prompt.ts';
import { DEFAULT_MODEL, fetchModelFile } from '../../shared/model/sources/index.ts';
import { drain } from '../../shared/turns/steps.ts';
import { testFetch } from '../support/settings.ts';
import { judge } from './metrics.ts';
import { ADAPTER_OPTIONS, adapterOf } from './options.ts';
import { type EvalRecord, goldAndOthers, readSet, setFile } from './records.ts';

const MAX_TOKENS = 32;
/** Passages beside the gold one. */
const OTHERS = 4;
/** Heads of a set at most: each costs time at every token. */
const MOST_HEADS = 4;

/** A question answered right: the attention of each query head (layer by layer) to each passage. */
interface Observed {
  gold: number;
  heads: number[][];
}

const out = new Console(process.stdout);
const { values } = parseArgs({
  options: {
    questions: { type: 'string', default: '100' },
    ...ADAPTER_OPTIONS,
  },
});
const wanted = Number(values.questions);
const file = adapterFile(DEFAULT_MODEL, adapterOf(values) ?? 'shipped');
const folder = await mkdtemp(join(tmpdir(), 'blockrag-heads-'));
try {
  const observed: Observed[] = [];
  const model = await compileModel({
    source: await fetchModelFile(DEFAULT_MODEL, testFetch()),
    adapter: file === undefined ? undefined : await readAdapter(file),
    compute: 'w8a8',
    folder,
    // The one model that has observers is compiled to calibrate another.
    async calibrate(observing) {
      observed.push(...(await observeAll(observing)));
      return calibrate(observing);
    },
    check: async () => ({ exactness: 0, divergence: 0, blobDivergence: 0, textScore: null }),
  });
  report(observed, model.manifest.architecture.queryHeads);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function observeAll(model: CompiledModel): Promise<Observed[]> {
  const decoder = await Decoder.open(model);
  const observed: Observed[] = [];
  try {
    let asked = 0;
    for (const { record } of readSet(setFile('train-mix'), Number.POSITIVE_INFINITY)) {
      if (observed.length === wanted) break;
      if (record.passages.filter(({ gold }) => gold).length !== 1 || !record.source.startsWith('squad'))
        continue;
      asked++;
      const found = await observe(decoder, model, record);
      if (found === undefined) continue;
      observed.push(found);
      process.stderr.write(`${observed.length}/${wanted} answered right of ${asked}\n`);
    }
  } finally {
    await decoder.dispose();
  }
  return observed;
}

/** Answers a question greedily, watching all heads; undefined for a wrong answer. */
async function observe(
  decoder: Decoder,
  model: CompiledModel,
  record: EvalRecord,
): Promise<Observed | undefined> {
  const { shape, provenance, rope } = decoder;
  const { queryHeads } = model.manifest.architecture;
  const tokenizer = await model.tokenizer();
  const template = new PromptTemplate(tokenizer);
  const passages = goldAndOthers(record, OTHERS);
  const blocks = [
    template.preface,
    ...passages.map(({ title, text }) => tokenizer.encode(passageText(title, text))),
  ];
  const context = new ContextKv(shape);
  const lengths = blocks.map(({ length }) => length);
  let next = template.finalBlock(record.question);
  context.reset(lengths.reduce((sum, length) => sum + length, next.length + MAX_TOKENS));
  for (const tokens of blocks) {
    const options = { key: '', dtype: 'int8', shape } as const;
    const kv = await drain(encodeBlock(decoder, tokens));
    const object = encodeBlob(kv, { ...options, provenance, keyBias: model.keyBias });
    const blob = decodeBlob(object, { ...options, tokens: tokens.length, verify: 'crc32' });
    context.lay(blob, rope, model.keyBias);
  }
  const group = queryHeads / shape.kvHeads;
  const names = Array.from({ length: shape.layers * shape.kvHeads }, (_, i) => {
    return `head_attention.${Math.floor(i / shape.kvHeads)}.${i % shape.kvHeads}`;
  });
  const heads = Array.from({ length: shape.layers * queryHeads }, () => passages.map(() => 0));
  const answer: number[] = [];
  while (answer.length < MAX_TOKENS) {
    // The same tokens twice: once to see the heads, once to go on.
    const seen = await decoder.observe({ tokens: next, start: context.length, context }, names);
    const token = argmax((await drain(decoder.extend(context, next))).logits);
    if (tokenizer.file.end.includes(token)) break;
    for (const [at, rows] of seen.entries()) {
      for (let member = 0; member < group; member++) {
        const columns = rows.length / group;
        const row = rows.subarray(member * columns + 1, (member + 1) * columns);
        const shares = attentionByBlock(row, lengths).slice(1);
        const sums = heads[at * group + member]!;
        for (const [passage, share] of shares.entries()) sums[passage]! += share;
      }
    }
    answer.push(token);
    next = Uint32Array.of(token);
  }
  if (!judge(tokenizer.decode(answer), record.answers).contained) return undefined;
  return { gold: passages.findIndex(({ gold }) => gold), heads };
}

function report(observed: readonly Observed[], queryHeads: number): void {
  const count = observed[0]?.heads.length ?? 0;
  const name = (head: number) => `${Math.floor(head / queryHeads)}.${head % queryHeads}`;
  const rows = Array.from({ length: count }, (_, head) => ({ heads: [head], ...score(observed, [head]) }));
  const shown = ({ heads, gold, share }: (typeof rows)[number]) => ({
    'layer.head': heads.map(name).join(' '),
    'points at gold, %': Math.round((1000 * gold) / observed.length) / 10,
    'share of gold, %': Math.round(1000 * share) / 10,
  });
  rows.sort(better);
  out.log(`${observed.length} questions answered right`);
  out.table(rows.slice(0, 12).map(shown));
  const sets = [rows[0]!];
  while (sets.length < MOST_HEADS) {
    const { heads } = sets.at(-1)!;
    const grown = rows
      .filter((row) => !heads.includes(row.heads[0]!))
      .map((row) => [...heads, ...row.heads])
      .map((set) => ({ heads: set, ...score(observed, set) }));
    sets.push(grown.sort(better)[0]!);
  }
  out.table(sets.map(shown));
}

type Score = ReturnType<typeof score>;
const better = (a: Score, b: Score) => b.gold - a.gold || b.share - a.share;

/** How many questions a set of heads points to the gold passage of, and the mean share that it gives it. */
function score(observed: readonly Observed[], set: readonly number[]): { gold: number; share: number } {
  let gold = 0;
  let share = 0;
  for (const question of observed) {
    const sums = question.heads[0]!.map((_, passage) =>
      set.reduce((sum, head) => sum + question.heads[head]![passage]!, 0),
    );
    const largest = Math.max(...sums);
    if (sums[question.gold] === largest && largest > 0) gold++;
    share +=
      sums[question.gold]! /
      Math.max(
        1e-9,
        sums.reduce((sum, value) => sum + value, 0),
      );
  }
  return { gold, share: share / observed.length };
}
