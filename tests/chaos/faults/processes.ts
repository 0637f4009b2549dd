/** Processes that die, or stand still for longer than their work stays theirs. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from './fault.ts';

/** Longer than a lease (servers.ts). */
const STILL_MS = 9_000;

export const killServer: Fault = {
  name: 'kill -9 of a server',
  fits: () => true,
  async run({ world, random, count }) {
    const victim = random.below(world.servers.length);
    await world.kill(victim);
    count('kills');
    await delay(random.below(1500));
    await world.start(victim);
  },
};

export const killAtStart: Fault = {
  name: 'kill -9 soon after the start',
  fits: () => true,
  async run({ world, random, count }) {
    const victim = random.below(world.servers.length);
    for (let times = 1 + random.below(2); times > 0; times--) {
      await world.kill(victim);
      await world.start(victim);
      await delay(random.below(700));
    }
    await world.kill(victim);
    await world.start(victim);
    count('kills', 2);
  },
};

export const killReader: Fault = {
  name: 'kill -9 of the process that reads documents',
  fits: () => true,
  async run({ world, random, count }) {
    for (let times = 1 + random.below(4); times > 0; times--) {
      for (const server of world.servers) {
        for (const pid of server === undefined ? [] : childrenOf(server.pid)) {
          try {
            process.kill(pid, 'SIGKILL');
            count('kills');
          } catch {
            // It has ended by itself.
          }
        }
      }
      await delay(200 + random.below(800));
    }
  },
};

export const standStill: Fault = {
  name: 'a server that stands still for longer than its leases',
  fits: ({ kind }) => kind === 'two servers',
  async run({ world, random }) {
    const { pid } = world.servers[random.below(world.servers.length)]!;
    process.kill(pid, 'SIGSTOP');
    await delay(STILL_MS);
    process.kill(pid, 'SIGCONT');
  },
};

/** Started by any of its threads. */
function childrenOf(pid: number): number[] {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).flatMap((task) => {
    return readFileSync(`${tasks}/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  });
}
