/**
 * Does to servers what the world does, and compares what was acknowledged with what is there:
 *
 *   npm run chaos -- --minutes 3 --seed 1 [--round N | --rounds N] [--json]
 *
 * Exit status 1: something was lost, foreign, different, or left over; the seed and the round are said.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { lineOf, textOfReport, violationsOf } from './report.ts';
import { runChaos } from './run.ts';
import { clockLibrary } from './worlds/clock.ts';
import { hasCloud } from './worlds/two-servers.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    round: { type: 'string' },
    rounds: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const say = (line: string) => process.stderr.write(`${line}\n`);

/** In a namespace of its own a disk can be mounted by any user, and all processes end with the first one. */
const NAMESPACE = ['unshare', '--user', '--map-root-user', '--mount', '--pid', '--fork', '--kill-child'];
const INSIDE = 'BLOCKRAG_CHAOS_INSIDE';
const inside = process.env[INSIDE] === '1';
const canUnshare = () => {
  const probe = [...NAMESPACE.slice(1), '--mount-proc', 'mount', '-t', 'tmpfs', 'none', '/tmp'];
  return spawnSync(NAMESPACE[0]!, probe).status === 0;
};

if (!inside && canUnshare()) process.exitCode = await runInside();
else process.exitCode = await run();

async function runInside(): Promise<number> {
  const command = [process.execPath, ...process.execArgv, import.meta.filename, ...process.argv.slice(2)];
  const child = spawn(NAMESPACE[0]!, [...NAMESPACE.slice(1), '--mount-proc', ...command], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill('SIGKILL'));
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
}

async function run(): Promise<number> {
  const missing = [
    ...(inside ? [] : ['no disk can be mounted (unshare): no full disk']),
    ...(clockLibrary === undefined ? ['no libfaketime (Debian: faketime): no clock jumps'] : []),
    ...(hasCloud() ? [] : ['no services (npm run services): no two servers']),
  ];
  for (const what of missing) say(`left out: ${what}`);
  if (missing.length > 0 && process.env.CI !== undefined) return 1;
  const { minutes, seed, round, rounds, json } = values;
  const report = await runChaos({
    seed: Number(seed),
    minutes: Number(minutes),
    only: round === undefined ? undefined : Number(round),
    rounds: Number(rounds ?? Number.POSITIVE_INFINITY),
    withDisk: inside,
    onRound: (one) => {
      say(lineOf(one));
      for (const { kind, what } of one.violations) say(`  ${kind}: ${what}`);
    },
  });
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : textOfReport(report));
  return violationsOf(report).length === 0 ? 0 : 1;
}
