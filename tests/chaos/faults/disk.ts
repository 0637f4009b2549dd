/** A disk that fills up, and stored objects that are lost or damaged. */
import { closeSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { filesUnder } from '../worlds/one-server.ts';
import type { Fault } from './fault.ts';

export const fullDisk: Fault = {
  name: 'a full disk',
  fits: ({ hasDisk }) => hasDisk,
  async run({ world, random, count }) {
    const ballast = join(world.data!, '../ballast');
    const file = openSync(ballast, 'w');
    let written = 0;
    try {
      for (const chunk = Buffer.alloc(1 << 20); ; ) written += writeSync(file, chunk);
    } catch {
      // It is full.
    } finally {
      closeSync(file);
    }
    truncateSync(ballast, Math.max(0, written - random.below(3 << 20)));
    await delay(2000 + random.below(4000));
    if (random.next() < 0.4) {
      await world.kill(0);
      count('kills');
      // It may not start on a full disk, but must on one with room.
      await world.start(0).catch(() => count('starts refused on a full disk'));
    }
    rmSync(ballast);
    await world.start(0);
  },
};

export const lostBlobs: Fault = {
  name: 'lost blobs',
  fits: () => true,
  async run({ world, random, count }) {
    const lost = await world.loseBlobs((keys) => keys.filter(() => random.next() < 0.3));
    count('blobs lost', lost);
  },
};

export const damagedBlobs: Fault = {
  name: 'damaged blobs',
  fits: ({ data }) => data !== undefined,
  async run({ world, random, count }) {
    for (const path of filesUnder(join(world.data!, 'blobs/objects/kv'))) {
      if (random.next() > 0.3) continue;
      try {
        const bytes = readFileSync(path);
        if (random.next() < 0.3) truncateSync(path, random.below(bytes.length));
        else {
          bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
          writeFileSync(path, bytes);
        }
        count('blobs damaged');
      } catch {
        // The server has removed it.
      }
    }
  },
};
