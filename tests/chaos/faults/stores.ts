/** A search index that is lost or damaged: it is made again from the catalog. */
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scene } from '../scene.ts';
import { filesUnder } from '../worlds/one-server.ts';
import type { Fault } from './fault.ts';

export const lostIndex: Fault = {
  name: 'a lost index',
  fits: ({ data }) => data !== undefined,
  run: (scene) => {
    return between(scene, (index) => rmSync(index, { recursive: true, force: true }));
  },
};

export const damagedIndex: Fault = {
  name: 'damaged files of the index',
  fits: ({ data }) => data !== undefined,
  run: (scene) => {
    const { random, count } = scene;
    return between(scene, (index) => {
      for (const path of filesUnder(index)) {
        if (random.next() > 0.3) continue;
        const bytes = readFileSync(path);
        if (bytes.length === 0) continue;
        if (random.next() < 0.5) truncateSync(path, random.below(bytes.length));
        else
          writeFileSync(
            path,
            bytes.map((byte) => byte ^ 0x5a),
          );
        count('index files damaged');
      }
    });
  },
};

/** Between a kill and the next start. */
async function between(scene: Scene, harm: (index: string) => void): Promise<void> {
  const { world, count } = scene;
  await world.kill(0);
  count('kills');
  harm(join(world.data!, 'index'));
  await world.start(0);
}
