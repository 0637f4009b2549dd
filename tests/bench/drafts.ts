/**
 * What drafts by prompt lookup save (shared/attention/drafts.ts): answers from the passages of a question set, each
 * decoded plainly and with drafts, one after the other. Both are greedy; where a run of several rows rounds otherwise
 * than a run of one, an answer may differ.
 *
 * node --import tsx tests/bench/drafts.ts [--model NAME] [--adapter FILE|none] [--set NAME] [--from N] [--answers N]
 */
import { parseArgs } from 'node:util';
import { Decoder } from '../../shared/attention/decoder.ts';
import { PromptLookup } from '../../shared/attention/drafts.ts';
import { PromptTemplate, passageText } from '../../shared/model/prompt.ts';
import { prepareModel } from '../../shared/pipeline/prepare-model.ts';
import { readSet, setFile } from '../eval/records.ts';
import { type Asked, ask, type Store } from '../support/asking.ts';
import { testFetch } from '../support/settings.ts';
import { machine } from './speed/report.ts';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'smollm2-135m-instruct' },
    adapter: { type: 'string', default: 'none' },
    set: { type: 'string', default: 'hotpotqa' },
    from: { type: 'string', default: '0' },
    answers: { type: 'string', default: '100' },
    tokens: { type: 'string', default: '64' },
    /** Seconds after which no further answer is begun. */
    seconds: { type: 'string', default: '3600' },
    /** Passages of a prompt: those that hold the answer first. */
    passages: { type: 'string', default: '4' },
  },
});
const [from, answers] = [Number(values.from), Number(values.answers)];
const began = performance.now();
const model = await prepareModel({
  ...testFetch(),
  ...{ reference: values.model, adapter: values.adapter, compute: 'w8a8', requireText: true },
});
const tokenizer = await model.tokenizer();
const template = new PromptTemplate(tokenizer);
const decoder = await Decoder.open(model);
const plain: Asked[] = [];
const drafted: Asked[] = [];
for (const { record } of readSet(setFile(values.set), from + answers).slice(from)) {
  if (performance.now() - began > Number(values.seconds) * 1000) break;
  const chosen = record.passages.toSorted((a, b) => Number(b.gold) - Number(a.gold));
  const passages = chosen
    .slice(0, Number(values.passages))
    .map(({ title, text }) => tokenizer.encode(passageText(title, text)));
  const question = {
    blocks: [template.preface, ...passages.reverse(), template.finalBlock(record.question)],
    ...({
      attention: 'block',
      dtype: 'int8',
      maxTokens: Number(values.tokens),
      end: tokenizer.file.end,
    } as const),
  };
  const store: Store = new Map();
  const drafter = (prompt: readonly Uint32Array[], room: number) => new PromptLookup(prompt, room);
  // In turns, so that what else the machine does falls on both.
  const ways = [() => ask(decoder, question, store), () => ask(decoder, { ...question, drafter }, store)];
  const asked: Asked[] = [];
  for (const way of plain.length % 2 === 0 ? [0, 1] : [1, 0]) asked[way] = await ways[way]!();
  plain.push(asked[0]!);
  drafted.push(asked[1]!);
  process.stderr.write(`${plain.length} `);
}
await decoder.dispose();

const sum = (all: readonly Asked[], of: (asked: Asked) => number) =>
  all.reduce((total, one) => total + of(one), 0);
// The first token of an answer is none that decoding gave.
const perToken = (all: readonly Asked[]) =>
  sum(all, ({ decodeMs }) => decodeMs) /
  sum(all, ({ completionTokens }) => Math.max(completionTokens - 1, 0));
const same = plain.filter(({ tokens }, i) => tokens.join() === drafted[i]!.tokens.join()).length;
const [all, accepted] = [sum(drafted, (one) => one.drafted), sum(drafted, (one) => one.accepted)];
const rows: [string, string | number][] = [
  ['answers', plain.length],
  ['tokens', sum(plain, ({ completionTokens }) => completionTokens)],
  ['decode ms/token, plain', perToken(plain).toFixed(1)],
  ['decode ms/token, with drafts', perToken(drafted).toFixed(1)],
  ['with drafts / plain', (perToken(drafted) / perToken(plain)).toFixed(3)],
  ['drafted tokens', all],
  ['accepted, %', ((100 * accepted) / all).toFixed(1)],
  ['accepted of all tokens, %', ((100 * accepted) / sum(drafted, (one) => one.completionTokens)).toFixed(1)],
  ['answers that differ', plain.length - same],
];
process.stdout.write(
  `\n${machine()}; ${values.model}, ${values.set} from ${from}\n\n| figure | value |\n|---|---|\n`,
);
for (const [figure, value] of rows) process.stdout.write(`| ${figure} | ${value} |\n`);
