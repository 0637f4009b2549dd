/**
 * How often does grounding point at the passage that an answer was taken from? SQuAD questions, each with its gold
 * passage and four others, block attention, the product's engine; only questions that are answered right count.
 *
 * node --import tsx tests/eval/grounding.ts [--questions 50] [--adapter FILE | --no-adapter] [--json]
 */
import { parseArgs } from 'node:util';
import { DEFAULT_MODEL } from '../../shared/model/sources/index.ts';
import { prepareModel } from '../../shared/pipeline/prepare-model.ts';
import { testConfig, testFetch } from '../support/settings.ts';
import { Answering } from './answering.ts';
import { judge } from './metrics.ts';
import { ADAPTER_OPTIONS, adapterOf } from './options.ts';
import { goldAndOthers, readSet, setFile } from './records.ts';

/** Passages beside the gold one. */
const OTHERS = 4;

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      questions: { type: 'string', default: '50' },
      ...ADAPTER_OPTIONS,
      json: { type: 'boolean' },
    },
  });
  const wanted = Number(values.questions);
  const config = testConfig({ adapter: adapterOf(values) });
  const { compute, adapter, threads } = config;
  const model = await prepareModel({
    ...testFetch(),
    reference: DEFAULT_MODEL,
    adapter,
    compute,
    requireText: true,
  });
  const answering = await Answering.open(model, 'int8', threads);
  let asked = 0;
  let right = 0;
  let gold = 0;
  try {
    for (const { record } of readSet(setFile('squad'), Number.POSITIVE_INFINITY)) {
      if (right === wanted) break;
      const passages = goldAndOthers(record, OTHERS);
      const { output, attention } = await answering.answer(record.question, passages, { attention: 'block' });
      asked++;
      if (!judge(output, record.answers).contained) continue;
      right++;
      const shares = attention.slice(1);
      if (passages[shares.indexOf(Math.max(...shares))]!.gold) gold++;
      process.stderr.write(
        `${right}/${wanted} answered right of ${asked}, ${gold} point at the gold passage\n`,
      );
    }
  } finally {
    await answering.dispose();
  }
  const share = right === 0 ? 0 : Math.round((1000 * gold) / right) / 10;
  const report = `${gold} of ${right} (${share} %) point at the gold passage; ${right} of ${asked} were answered right`;
  process.stdout.write(`${values.json ? JSON.stringify({ asked, right, gold, share }) : report}\n`);
}

await main(process.argv.slice(2));
