/** Clocks that jump, by days, while a server runs or while it is down. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from './fault.ts';

export const clockJump: Fault = {
  name: 'a clock that jumps',
  fits: ({ hasClock }) => hasClock,
  async run({ world, random }) {
    const before = world.days;
    world.days = before + 1 + random.below(3);
    await delay(1500 + random.below(2000));
    // Every third time it was wrong, and goes back.
    if (random.below(3) === 0) world.days = before;
  },
};

export const restartLater: Fault = {
  name: 'a restart days later',
  fits: clockJump.fits,
  async run({ world, random, count }) {
    await world.kill(0);
    count('kills');
    world.days += 1 + random.below(2);
    await world.start(0);
  },
};
