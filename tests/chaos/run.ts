/** Rounds one after the other, until time is over. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Held, judgeHeld, judgeLeftOver, type LeftOver, type Violation } from './checks.ts';
import type { Crowd } from './clients/crowd.ts';
import { swept } from './faults/catalog.ts';
import { Model } from './model.ts';
import { documentsOf, idle } from './observe.ts';
import { randomOf } from './random.ts';
import type { RoundReport, RunReport, WorldReport } from './report.ts';
import { playRound, type Stage } from './round.ts';
import type { Scene } from './scene.ts';
import { TENANTS } from './texts.ts';
import { Twin } from './twin.ts';
import { openOneServer } from './worlds/one-server.ts';
import { hasCloud, openTwoServers } from './worlds/two-servers.ts';
import type { World } from './worlds/world.ts';

export interface RunOptions {
  seed: number;
  minutes: number;
  /** Only this round, from 1; undefined: all. */
  only: number | undefined;
  /** The last round at most. */
  rounds: number;
  /** The folder of the small disk can be mounted. */
  withDisk: boolean;
  onRound(report: RoundReport): void;
}

/** Of so many rounds one is played by two servers. */
const SHARED_ONE_IN = 4;
/** Kept for deleting everything at the end. */
const END_MS = 30_000;
/** Until everything has expired that is kept for a while, quarantine included. */
const LATER_DAYS = 45;

/** A world with the story of it. */
interface Play {
  world: World;
  model: Model;
  stage: Stage;
  folder: string;
  start: LeftOver;
  held: Held[];
}

export async function runChaos(options: RunOptions): Promise<RunReport> {
  const folder = mkdtempSync(join(tmpdir(), 'blockrag-chaos-'));
  const until = Date.now() + options.minutes * 60_000 - END_MS;
  const plays = new Map<string, Play>();
  const counts: Record<string, number> = {};
  const rounds: RoundReport[] = [];
  const worlds: WorldReport[] = [];
  try {
    const first = options.only ?? 1;
    const last = options.only ?? options.rounds;
    for (let round = first; round <= last && (round === first || Date.now() < until); round++) {
      const shared = hasCloud() && round % SHARED_ONE_IN === 0;
      const kind = shared ? 'two' : 'one';
      const play = plays.get(kind) ?? (await open(join(folder, kind), shared, options.withDisk));
      plays.set(kind, play);
      const report = await oneRound(play, options.seed, round, counts);
      rounds.push(report);
      options.onRound(report);
    }
    for (const play of plays.values()) {
      const violations: Violation[] = [];
      const end = await clear(play, violations).catch((error: unknown) => {
        violations.push({ kind: 'stuck', what: `the end: ${error}` });
        return play.start;
      });
      if (play.world.hasClock) violations.push(...judgeLeftOver(play.start, end));
      const [first, last] = [play.held[0], play.held.at(-1)];
      if (first && last) violations.push(...judgeHeld(first, last));
      const { kind } = play.world;
      worlds.push({ kind, start: play.start, end, held: play.held, violations });
    }
  } finally {
    for (const { world, stage } of plays.values()) {
      await world.close();
      await stage.twin.close();
    }
    if (options.withDisk && plays.has('one')) execFileSync('umount', [join(folder, 'one/disk')]);
    rmSync(folder, { recursive: true, force: true });
  }
  const acknowledged = [...plays.values()].reduce((sum, { model }) => sum + model.acknowledged, 0);
  return { seed: options.seed, rounds, worlds, counts, acknowledged };
}

async function open(folder: string, shared: boolean, withDisk: boolean): Promise<Play> {
  mkdirSync(folder);
  const clock = join(folder, 'clock');
  const world = await (shared ? openTwoServers(clock) : openOneServer(folder, withDisk));
  const twin = await Twin.open(folder);
  for (const index of world.servers.keys()) await world.start(index);
  await idle(world);
  const start = await world.stored();
  for (const index of world.servers.keys()) await world.stop(index);
  let edition = 0;
  const stage: Stage = { twin, nextEdition: () => edition++, ids: new Map() };
  return { world, model: new Model(), stage, folder, start, held: [] };
}

async function oneRound(
  { world, model, stage, folder, held }: Play,
  seed: number,
  round: number,
  all: Record<string, number>,
): Promise<RoundReport> {
  const seconds: Record<string, number> = {};
  let since = Date.now();
  const phase = (name: string) => {
    seconds[name] = Math.round((Date.now() - since) / 1000);
    since = Date.now();
  };
  const counts: Record<string, number> = {};
  const violations: Violation[] = [];
  const before = model.acknowledged;
  const scene: Scene & { crowd?: Crowd } = {
    ...{ world, model, folder, counts, phase },
    random: randomOf(seed, round),
    count: (what, more = 1) => {
      counts[what] = (counts[what] ?? 0) + more;
      all[what] = (all[what] ?? 0) + more;
    },
    violate: (...some) => {
      violations.push(...some);
    },
    pause: () => scene.crowd!.hold(),
    resume: () => scene.crowd!.go(),
  };
  const faults: string[] = [];
  try {
    held.push(await playRound(scene, stage, faults));
  } catch (error) {
    violations.push({ kind: 'stuck', what: `the round ended early: ${(error as Error).stack}` });
    await scene.crowd?.end();
    await Promise.all(world.servers.map((_, index) => world.kill(index)));
  }
  for (const what of world.deaths.splice(0)) violations.push({ kind: 'stuck', what });
  const acknowledged = model.acknowledged - before;
  phase('end');
  return { round, world: world.kind, seconds, faults, acknowledged, counts, violations };
}

/** Deletes all, and lets the sweeps of later days remove what is kept for a while. @returns what is left */
async function clear({ world, folder }: Play, violations: Violation[]): Promise<LeftOver> {
  for (const later of world.hasClock ? [0, LATER_DAYS, 1] : [0]) {
    world.days += later;
    for (const index of world.servers.keys()) await world.start(index);
    for (const tenant of TENANTS) {
      const server = world.caller(tenant, 0)!;
      for (const name of ['default', 'left']) {
        await server.fetch(`/v1/collections/${name}`, { method: 'DELETE' });
      }
      const left = await documentsOf(server);
      if (left.length > 0)
        violations.push({ kind: 'left-over', what: `${tenant} has ${left.length} documents` });
    }
    await swept(world.servers[0]!);
    violations.push(...(await idle(world)));
    for (const index of world.servers.keys()) {
      const wrong = await world.stop(index);
      if (wrong !== undefined) violations.push({ kind: 'stuck', what: `${folder}: ${wrong}` });
    }
  }
  return world.stored();
}
