/** One server on a data directory, on a small disk of its own where one can be mounted. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { LeftOver } from '../checks.ts';
import { clockLibrary } from './clock.ts';
import { Servers } from './servers.ts';
import type { World } from './world.ts';

const DISK = '768m';

/** @param folder of the run, empty */
export async function openOneServer(folder: string, withDisk: boolean): Promise<World> {
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  if (withDisk) execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'none', disk]);
  const data = join(disk, 'data');
  const servers = new Servers(1, ['--data', data], join(folder, 'clock'));
  await servers.makeKeys();
  const objects = join(data, 'blobs/objects');
  return {
    kind: 'one server',
    servers: servers.running,
    deaths: servers.deaths,
    get days() {
      return servers.clock.days;
    },
    set days(days) {
      servers.clock.days = days;
    },
    data,
    hasDisk: withDisk,
    hasClock: clockLibrary !== undefined,
    start: (index, options) => servers.start(index, options),
    kill: (index) => servers.kill(index),
    stop: (index) => servers.stop(index),
    caller: (who, index) => servers.caller(who, index),
    async loseBlobs(choose) {
      const lost = choose(filesUnder(join(objects, 'kv')));
      for (const path of lost) rmSync(path, { force: true });
      return lost.length;
    },
    async stored() {
      const counts: Record<string, number> = {};
      for (const kind of ['kv', 'originals', 'quarantine']) {
        counts[kind] = filesUnder(join(objects, kind)).length;
      }
      return { objects: counts, bytes: sizeOf(data) } satisfies LeftOver;
    },
    close: () => servers.close(),
  };
}

/** Files that come and go while one looks are left out. */
export function filesUnder(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
      return entry.isFile() ? [join(entry.parentPath, entry.name)] : [];
    });
  } catch {
    return [];
  }
}

function sizeOf(folder: string): number {
  return filesUnder(folder).reduce((sum, path) => {
    return sum + (statSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512;
  }, 0);
}
