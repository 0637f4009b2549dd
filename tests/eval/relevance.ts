/**
 * How often is a question refused that its collection answers, and one that it does not? With the product's index and
 * relevance floor, and, for comparison, with a floor of 0.3 for the similarity alone. A table in Markdown.
 *
 * node --import tsx tests/eval/relevance.ts [--embedder REF] [--limit QUESTIONS_PER_SET, default 50]
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { type EvalRecord, readSet, setFile } from './records.ts';
import { table } from './report.ts';
import { Retrieval } from './retrieval.ts';

const SETS = ['squad', 'nq-litm20', 'hotpotqa', 'triviaqa'];
/** As many as the product looks at for five passages. */
const LOOKED_AT = 15;
const SIMILARITY_ALONE = 0.3;

const languagesSchema = z.record(
  z.string(),
  z.object({
    passages: z.array(z.object({ title: z.string(), text: z.string() })),
    answerable: z.array(z.string()),
    unanswerable: z.array(z.string()),
  }),
);

interface Collection {
  name: string;
  records: Pick<EvalRecord, 'passages'>[];
  answerable: string[];
  unanswerable: string[];
}

const { values } = parseArgs({ options: { embedder: { type: 'string' }, limit: { type: 'string' } } });
const limit = Number(values.limit ?? 50);
const rows: string[][] = [];
for (const collection of [...english(), ...others()]) rows.push(await judge(collection));
const heads = [
  'collection',
  'passages',
  'answerable',
  'refused',
  'by 0.3',
  'unanswerable',
  'refused',
  'by 0.3',
];
process.stdout.write(`${table(heads, rows)}\n`);

/** Each set's questions over their own passages; what it cannot answer are questions of the other sets. */
function english(): Collection[] {
  const sets = SETS.map((name) => readSet(setFile(name), limit).map(({ record }) => record));
  return sets.map((records, i) => {
    const strangers = sets.filter((other) => other !== records).flat();
    const every = Math.max(1, Math.floor(strangers.length / (limit / 2)));
    return {
      name: SETS[i]!,
      records,
      answerable: records.map(({ question }) => question),
      unanswerable: strangers.filter((_, at) => at % every === 0).map(({ question }) => question),
    };
  });
}

function others(): Collection[] {
  const file = new URL('fixtures/languages.json', import.meta.url);
  const languages = languagesSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  return Object.entries(languages).map(([name, { passages, ...questions }]) => {
    return { name, records: [{ passages: passages.map((one) => ({ ...one, gold: false })) }], ...questions };
  });
}

async function judge({ name, records, answerable, unanswerable }: Collection): Promise<string[]> {
  const retrieval = await Retrieval.open(records, undefined, { embedder: values.embedder });
  try {
    const own = await refusals(retrieval, answerable);
    const strange = await refusals(retrieval, unanswerable);
    process.stderr.write(`${name}: wrongly refused ${own.refused.join(' | ') || '-'}\n`);
    process.stderr.write(`${name}: wrongly answered ${strange.answered.join(' | ') || '-'}\n`);
    const counts = [own, strange].map(({ refused, alone }, i) => {
      return [[answerable, unanswerable][i]!.length, refused.length, alone].map(String);
    });
    return [name, String(retrieval.size), ...counts.flat()];
  } finally {
    await retrieval.dispose();
  }
}

async function refusals(retrieval: Retrieval, questions: readonly string[]) {
  const refused: string[] = [];
  const answered: string[] = [];
  let alone = 0;
  for (const question of questions) {
    const found = await retrieval.search(question, LOOKED_AT);
    const into = retrieval.relevant(question, found, LOOKED_AT).length === 0 ? refused : answered;
    into.push(question);
    if (found.every(({ similarity }) => similarity < SIMILARITY_ALONE)) alone++;
  }
  return { refused, answered, alone };
}
