/**
 * What a tenant feels of a neighbour that floods the server with uploads, answers and streams of events: the time
 * until the first token of its questions, and what was refused, alone and beside the flood.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { AnswerView } from '../../shared/api/views/answer.ts';
import { blockragJson } from '../support/product/command.ts';
import { eventsOf, type Server, settled, startServer, uploadText } from '../support/product/server.ts';
import { quantile } from '../support/quantiles.ts';
import { flood, Outcomes } from './fairness/flood.ts';
import { ANSWER_TOKENS, QUESTIONS, textOf } from './fairness/texts.ts';

const HELP = `Usage: npm run bench:fairness [-- OPTIONS]

  --questions N   questions of the quiet tenant, alone and beside the flood (20)
  --seconds N     the flood ends after so long, however many were answered (180)
  --json          print JSON
`;
/** Medians of them tell what takes longer; what is left of the first token is waiting for a turn. */
const PHASES = ['retrieve', 'load', 'reencode', 'attend'];
/** Between two questions, as people pause; and before the first one, for the flood to rise. */
const PAUSE_MS = 250;
const RISE_MS = 5_000;
/** Uploaded by the quiet tenant before, and once more beside the flood. */
const DOCUMENTS = 8;

const { values } = parseArgs({
  options: {
    questions: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '180' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** Milliseconds of an answer: until its first text as the client sees it, and of its phases as the server tells them. */
interface Times extends Record<string, number> {
  first: number;
}

/** Of each answer; less than were asked for when time runs out. */
async function firstTokens(server: Server, outcomes: Outcomes, until: AbortSignal): Promise<Times[]> {
  const times: Times[] = [];
  for (let i = 0; i < Number(values.questions); i++) {
    const started = performance.now();
    const body = { question: QUESTIONS[i % QUESTIONS.length], max_tokens: ANSWER_TOKENS.quiet, stream: true };
    try {
      const response = await server.post('/v1/query', body, until);
      outcomes.count(response.status);
      let first: number | undefined;
      for await (const { event, data } of eventsOf(response)) {
        if (event === 'text') first ??= performance.now() - started;
        else if (first !== undefined) times.push({ ...(data as AnswerView).timings_ms, first });
      }
    } catch (error) {
      if (until.aborted) return times;
      throw error;
    }
    await sleep(PAUSE_MS);
  }
  return times;
}

/** Milliseconds from an upload until the document is ready; undefined when time runs out before. */
async function untilReady(server: Server, outcomes: Outcomes, until: AbortSignal) {
  const started = performance.now();
  const text = textOf(900_000);
  const response = await server.post('/v1/documents', { name: 'beside-the-flood.txt', text });
  outcomes.count(response.status);
  if (!response.ok) return undefined;
  const { id } = (await response.json()) as { id: string };
  const given = new Promise<undefined>((resolve) =>
    until.addEventListener('abort', () => resolve(undefined)),
  );
  const ready = settled(server, id).then(() => performance.now() - started);
  ready.catch(() => {});
  return Promise.race([ready, given]);
}

function summary(times: readonly Times[]) {
  const of = (phase: string, share: number) =>
    quantile(
      times.map((one) => one[phase]!),
      share,
    );
  const medians = PHASES.map((phase) => [phase, of(phase, 0.5) ?? null]);
  return {
    p50: of('first', 0.5),
    p95: of('first', 0.95),
    answered: times.length,
    phases: Object.fromEntries(medians) as Record<string, number | null>,
  };
}

async function measure(data: string) {
  const keyOf = async (tenant: string) => {
    const args = [
      'keys',
      'add',
      '--tenant',
      tenant,
      '--name',
      'bench',
      '--scope',
      'read,write',
      '--data',
      data,
    ];
    return (await blockragJson<{ key: string }>(args, { cwd: data })).value.key;
  };
  const keys = [await keyOf('quiet'), await keyOf('flooding')];
  const server = await startServer(data);
  try {
    const [quiet, flooding] = keys.map((key) => server.as(key)) as [Server, Server];
    for (let n = 0; n < DOCUMENTS; n++) await uploadText(quiet, `quiet-${n}.txt`, textOf(800_000 + n));
    await uploadText(flooding, 'first.txt', textOf(700_000));
    const never = new AbortController().signal;
    // Not counted: whatever is done once.
    await firstTokens(quiet, new Outcomes(), never);
    const alone = { outcomes: new Outcomes(), times: [] as Times[] };
    alone.times = await firstTokens(quiet, alone.outcomes, never);

    const beside = { outcomes: new Outcomes(), times: [] as Times[] };
    const flooded = new Outcomes();
    const over = new AbortController();
    const until = over.signal;
    const timer = setTimeout(() => over.abort(), Number(values.seconds) * 1000);
    const flooder = flood(flooding, flooded, until);
    await sleep(RISE_MS);
    const upload = untilReady(quiet, beside.outcomes, until);
    beside.times = await firstTokens(quiet, beside.outcomes, until);
    const uploadMs = await upload;
    clearTimeout(timer);
    over.abort();
    await flooder;
    const [before, during] = [summary(alone.times), summary(beside.times)];
    const refused = (outcomes: Outcomes) => ({ 429: outcomes.of(429), 503: outcomes.of(503) });
    return {
      first_token_ms: {
        quiet: before,
        flooded: during,
        p95_ratio: before.p95 && during.p95 && during.p95 / before.p95,
      },
      upload_ready_ms: uploadMs ?? null,
      refused: { quiet_tenant: refused(beside.outcomes), flooding_tenant: refused(flooded) },
      flood: { statuses: flooded.statuses, broken: flooded.broken },
    };
  } finally {
    await server.stop('SIGKILL');
  }
}

function toText(result: Awaited<ReturnType<typeof measure>>): string {
  const { first_token_ms: first, refused, flood: flooded, upload_ready_ms: upload } = result;
  const ms = (time: number | undefined) => (time === undefined ? 'none' : `${Math.round(time)} ms`);
  const row = (name: string, { p50, p95, answered, phases }: typeof first.quiet) => {
    const each = PHASES.map((phase) => `${phase} ${ms(phases[phase] ?? undefined)}`).join(', ');
    return `first token, ${name}: p50 ${ms(p50)}, p95 ${ms(p95)} (${answered} answers; ${each})\n`;
  };
  return [
    row('alone', first.quiet),
    row('beside the flood', first.flooded),
    `p95 beside the flood / alone: ${first.p95_ratio?.toFixed(2) ?? 'none'}\n`,
    `one upload beside the flood: ${upload === null ? 'not ready in time' : `ready after ${ms(upload)}`}\n`,
    `refused: quiet tenant ${JSON.stringify(refused.quiet_tenant)}, flooding tenant ${JSON.stringify(refused.flooding_tenant)}\n`,
    `the flood: answers by status ${JSON.stringify(flooded.statuses)}, ${flooded.broken} broken off\n`,
  ].join('');
}

if (values.help) process.stdout.write(HELP);
else {
  const data = await mkdtemp(join(tmpdir(), 'blockrag-fairness-'));
  try {
    const result = await measure(data);
    process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : toText(result));
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}
