/** Accuracy of the product's own engine on question sets; see docs/lab/accuracy.md. Usage: `USAGE` in options.ts. */
import type { CompiledModel } from '../../shared/model/compiled.ts';
import { prepareModel } from '../../shared/pipeline/prepare-model.ts';
import { testFetch } from '../support/settings.ts';
import { type Answered, Answering, type Mode } from './answering.ts';
import { judge } from './metrics.ts';
import { type EvalOptions, readOptions, USAGE } from './options.ts';
import { Progress } from './progress.ts';
import { type EvalQuestion, readSet, requireDistinct, shardOf } from './records.ts';
import { summarise, table, toMarkdown } from './report.ts';
import { ResultsFile, readResults } from './results.ts';
import { type RecallReport, Retrieval } from './retrieval.ts';

const UNASKED: Answered = { output: '', attention: [], reusedTokens: 0, encodedTokens: 0, finalTokens: 0 };

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (options.help) return write(USAGE);
  if (options.report.length > 0) {
    return tell(options, summarise(options.report.flatMap(readResults)), undefined);
  }
  const all = options.files.flatMap((file) => readSet(file, options.limit));
  requireDistinct(all);
  const questions = shardOf(all, options.shard);
  // First: a file that is no results is told of before anything is computed.
  const file = new ResultsFile(options.out);
  const retrieval = options.retrieval
    ? await Retrieval.open(
        all.map(({ record }) => record),
        indexing(),
        options.config,
      )
    : undefined;
  try {
    const recall = await retrieval?.recall(questions);
    if (options.modes.size > 0) await answerAll(options, questions, retrieval, file);
    tell(options, summarise(file.results), recall);
  } finally {
    await retrieval?.dispose();
  }
}

/** Answers what the file does not hold yet, question by question. */
async function answerAll(
  options: EvalOptions,
  questions: readonly EvalQuestion[],
  retrieval: Retrieval | undefined,
  file: ResultsFile,
): Promise<void> {
  const { compute, adapter, kv = 'int8', threads } = options.config;
  const model = await prepareModel({
    ...testFetch(),
    reference: options.model,
    adapter,
    compute,
    requireText: true,
  });
  const answering = await Answering.open(model, kv, threads);
  try {
    const named = [...options.modes].map(([name, mode]): [string, Mode] => {
      return [conditionName(model, options.topK, retrieval, name, kv), mode];
    });
    const open = questions.flatMap(({ set, record }) =>
      named.flatMap(([condition, mode]) =>
        file.has({ set, id: record.id, condition }) ? [] : [{ set, record, condition, mode }],
      ),
    );
    const progress = new Progress(open.length);
    for (const { set, record, condition, mode } of open) {
      const passages =
        retrieval === undefined ? record.passages : await retrieval.passages(record.question, options.topK);
      // Where nothing relevant is found the product asks the model nothing.
      const answered =
        retrieval !== undefined && passages.length === 0
          ? UNASKED
          : await answering.answer(record.question, passages, mode).catch((cause: Error) => {
              throw new Error(`${set}, ${record.id}: ${cause.message}`, { cause });
            });
      const { output, reusedTokens: reused, encodedTokens: encoded, finalTokens: final } = answered;
      const judgement = judge(output, record.answers);
      file.add({ set, id: record.id, condition, output, ...judgement, reused, encoded, final });
      progress.step(`${set}, ${condition}`);
    }
  } finally {
    await answering.dispose();
  }
}

/**
 * What is compared: "base b179c9 block w8a8 int8"; results of several runs stand side by side by it. Threads and CPU,
 * which move the last bits of sums, are not in it: they must be the same (docs/lab/accuracy.md).
 */
function conditionName(
  { manifest }: CompiledModel,
  topK: number,
  retrieval: Retrieval | undefined,
  mode: string,
  kv: string,
): string {
  const { adapter, compute, source } = manifest;
  const weights =
    adapter === null ? `base ${source.sha256.slice(0, 6)}` : `${adapter.name} ${adapter.sha256.slice(0, 6)}`;
  return [weights, mode, compute, kv, ...(retrieval ? [`top-${topK} of ${retrieval.size}`] : [])].join(' ');
}

function indexing(): (done: number, total: number) => void {
  return (done, total) => {
    process.stderr.write(`${process.stderr.isTTY ? '\r' : ''}${done}/${total} passages indexed`);
    if (done === total || !process.stderr.isTTY) process.stderr.write('\n');
  };
}

function tell(
  { json }: EvalOptions,
  report: ReturnType<typeof summarise>,
  recall: RecallReport | undefined,
): void {
  const tables = [...recallTable(recall), ...(report.conditions.length > 0 ? [toMarkdown(report)] : [])];
  write(json ? JSON.stringify({ ...report, recall: recall ?? null }) : tables.join('\n\n'));
}

function recallTable(report: RecallReport | undefined): string[] {
  if (report === undefined) return [];
  const percent = (share: number) => (100 * share).toFixed(1);
  const rows = report.ranks.map(({ k, recall, hit }) => [String(k), percent(recall), percent(hit)]);
  return [
    `Retrieval: ${report.questions} questions, ${report.pool} passages`,
    table(['k', 'recall, %', 'questions with a gold passage, %'], rows),
  ];
}

function write(text: string): void {
  process.stdout.write(`${text}\n`);
}

await main(process.argv.slice(2)).catch((error: Error) => {
  process.stderr.write(`eval: ${error.message}\n`);
  process.exitCode = 1;
});
