/**
 * Concurrent streams of a served instance: errors, fairness, memory.
 * Usage: node --import tsx tests/bench/streams.ts [--streams 8] [--seconds 60] [--json]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '60' },
    json: { type: 'boolean', default: false },
  },
});
const streams = Number(values.streams);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const QUESTIONS = [
  'Who founded the station?',
  'How much water does the cistern hold?',
  'What does the camera Owl do?',
  'When are the public nights?',
];

const data = await mkdtemp(join(tmpdir(), 'blockrag-streams-'));
const args = [join(ROOT, 'functions/cli/blockrag.js'), 'serve', '--port', '0', '--json', '--data', data];
const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
const { url } = JSON.parse(line) as { url: string };

async function residentMiB(): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]) / 1024;
}

interface Stream {
  tokens: number;
  answers: number;
  errors: string[];
}

/** Asks again and again until the time is over; what is under way then is broken off. */
async function run(model: string, index: number, stop: AbortSignal): Promise<Stream> {
  const stream: Stream = { tokens: 0, answers: 0, errors: [] };
  for (let i = 0; !stop.aborted; i++) {
    const question = QUESTIONS[(index + i) % QUESTIONS.length]!;
    try {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        signal: stop,
        headers: { 'content-type': 'application/json', 'x-blockrag-collection': 'default' },
        body: JSON.stringify({
          model,
          stream: true,
          max_tokens: 64,
          temperature: 1,
          seed: index * 1000 + i,
          messages: [{ role: 'user', content: question }],
        }),
      });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      let text = '';
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        stream.tokens += chunk.split('"content":"').length - 1;
      }
      if (!text.includes('[DONE]')) throw new Error(`a stream without its end: ${text.slice(-200)}`);
      stream.answers++;
    } catch (error) {
      if (!stop.aborted) stream.errors.push(String(error));
    }
  }
  return stream;
}

try {
  const models = (await (await fetch(`${url}/v1/models`)).json()) as { data: { id: string }[] };
  const model = models.data[0]!.id;
  const samples = join(ROOT, 'functions/cli/samples');
  const add = spawn(process.execPath, [args[0]!, 'add', samples, '--data', data], { stdio: 'ignore' });
  await once(add, 'exit');
  for (const question of QUESTIONS) {
    await fetch(`${url}/v1/query`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ question, max_tokens: 4 }),
    }).then((response) => response.text());
  }
  const memory: number[] = [];
  const watch = setInterval(async () => memory.push(await residentMiB()), 5_000);
  const stop = AbortSignal.timeout(Number(values.seconds) * 1000);
  const done = await Promise.all(Array.from({ length: streams }, (_, index) => run(model, index, stop)));
  clearInterval(watch);
  const tokens = done.map((stream) => stream.tokens);
  const result = {
    model,
    streams,
    seconds: Number(values.seconds),
    answers: done.reduce((sum, stream) => sum + stream.answers, 0),
    tokens_per_second: tokens.reduce((sum, n) => sum + n, 0) / Number(values.seconds),
    fastest_over_slowest: Math.max(...tokens) / Math.min(...tokens),
    errors: done.flatMap((stream) => stream.errors),
    rss_mib: memory.map(Math.round),
  };
  process.stdout.write(`${JSON.stringify(result, null, values.json ? 0 : 2)}\n`);
} finally {
  child.kill('SIGTERM');
  await once(child, 'exit');
  await rm(data, { recursive: true, force: true });
}
