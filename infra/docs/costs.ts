/** docs/reference/costs.md: what a stage on AWS costs, from infra/costs. */
import {
  batchEncoding,
  breakEven,
  documentsBill,
  idleBill,
  type Line,
  provisionedBill,
  questionsBill,
  serverBill,
  storageBill,
  total,
} from '../costs/bill.ts';
import { DOCUMENT, STAGE, TIMES } from '../costs/measured.ts';
import { generatedFrom, table } from './markdown.ts';

const BATCH = 1_000;

export function costsPage(): string {
  const once = total(documentsBill(BATCH));
  const idle = { lambda: total(idleBill('lambda')), ecs: total(idleBill('ecs')) };
  const questions = {
    lambda: total(questionsBill(BATCH, 'lambda')),
    ecs: total(questionsBill(BATCH, 'ecs')),
  };
  return [
    generatedFrom('infra/costs'),
    '# Costs on AWS',
    `A thousand documents of ten pages cost ${cents(once)} once and ${cents(total(storageBill(BATCH)))} a month to store. A thousand questions cost ${cents(questions.lambda)} with \`serving=lambda\`. A stage that nobody asks costs ${cents(idle.lambda)} a month with \`serving=lambda\` and ${cents(idle.ecs)} with \`serving=ecs\`, of which ${cents(total(serverBill(STAGE.serversMin)))} are its ${STAGE.serversMin} servers; each metric in use costs 0.30 more. From ${breakEven().toFixed(2)} questions a second on, all month long, servers cost less, as long as ${STAGE.serversMin} of them are enough.`,
    'These are list prices of us-east-1 in US dollars, **as of November 2026 and in part from memory: check them** ([prices.ts](../../infra/costs/prices.ts)) before anything depends on them. Free tiers, tax and data transfer out are left out. Requests are [counted](../../tests/e2e/aws/requests.test.ts) between the code and stores that stand in for AWS, and rounded up by a fifth or more; times are those of two cores ([speed](../lab/speed.md)) or assumed ([measured.ts](../../infra/costs/measured.ts) says which).',
    `## ${BATCH.toLocaleString('en-US')} documents, once`,
    `Each has ${DOCUMENT.passages} passages of ${DOCUMENT.tokensAPassage} tokens.`,
    lines(documentsBill(BATCH)),
    'With AWS Batch in the place of the first line:',
    lines([batchEncoding(BATCH)], false),
    '## Keeping them for a month',
    lines(storageBill(BATCH)),
    `## ${BATCH.toLocaleString('en-US')} questions`,
    `With 8 passages in the context and answers of 100 tokens; ${TIMES.coldQuestions * 100} in a hundred start an instance, whose start (INIT) is billed. Nothing is cached.`,
    '`serving=lambda`:',
    lines(questionsBill(BATCH, 'lambda')),
    '`serving=ecs`, beside the servers:',
    lines(questionsBill(BATCH, 'ecs')),
    '## A month without a question',
    '`serving=lambda`:',
    lines(idleBill('lambda')),
    '`serving=ecs`:',
    lines(idleBill('ecs')),
    'One warm instance of the query function (`queryProvisioned=1`), in addition:',
    lines(provisionedBill(1), false),
    'One more server:',
    lines(serverBill(1)),
  ]
    .map((part) => part.trimEnd())
    .join('\n\n')
    .concat('\n');
}

const cents = (dollars: number) => dollars.toFixed(2);

/** Small sums keep two digits that say something. */
const amount = (dollars: number) => (dollars >= 0.1 ? dollars.toFixed(2) : dollars.toPrecision(2));

function lines(all: readonly Line[], summed = true): string {
  const rows = all.map(({ what, how, dollars }) => [what, how, amount(dollars)]);
  return table(
    ['', 'arithmetic', '$'],
    summed ? [...rows, ['**together**', '', `**${amount(total(all))}**`]] : rows,
  );
}
