/** A catalog that is lost, or older than what is stored: nothing may be removed, so that the right one still fits. */
import { cpSync, existsSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { blockragJson } from '../../support/product/command.ts';
import type { Server } from '../../support/product/server.ts';
import type { Random } from '../random.ts';
import type { Scene } from '../scene.ts';
import { filesUnder } from '../worlds/one-server.ts';
import type { Fault } from './fault.ts';

/** Where a round begins, the catalog as it then is; see `keepCatalog`. */
const OLD = 'catalog-old';
const SWEEP_MS = 60_000;

/** Copies the catalog of a server that does not run. */
export function keepCatalog({ folder, world }: Pick<Scene, 'folder' | 'world'>): void {
  const copy = join(folder, OLD);
  rmSync(copy, { recursive: true, force: true });
  cpSync(join(world.data!, 'catalog'), copy, { recursive: true });
}

export const oldCatalog: Fault = {
  name: 'an old catalog, and the right one again',
  fits: ({ data }) => data !== undefined,
  run: (scene) => withCatalog(scene, join(scene.folder, OLD)),
};

export const lostCatalog: Fault = {
  name: 'a lost catalog, and the right one again',
  fits: ({ data }) => data !== undefined,
  run: (scene) => withCatalog(scene, undefined),
};

export const damagedCatalog: Fault = {
  name: 'a damaged catalog, and the right one again',
  fits: ({ data }) => data !== undefined,
  run: (scene) => withCatalog(scene, join(scene.folder, 'catalog-right'), damage(scene.random)),
};

/** Cuts its file short, or overwrites a page or a part of one. */
function damage(random: Random): (catalog: string) => void {
  return (catalog) => {
    const path = join(catalog, 'data.mdb');
    const bytes = readFileSync(path);
    const at = random.pick([0, 4096, random.below(bytes.length)]);
    if (random.next() < 0.4) truncateSync(path, at);
    else writeFileSync(path, bytes.fill(0xa5, at, at + random.pick([8, 200, 4096])));
  };
}

/** Two days later, so that nothing is too young to be swept. */
async function withCatalog(
  scene: Scene,
  other: string | undefined,
  change: (catalog: string) => void = () => {},
): Promise<void> {
  const { world, violate } = scene;
  const catalog = join(world.data!, 'catalog');
  const right = join(scene.folder, 'catalog-right');
  await scene.pause();
  const wrong = await world.stop(0);
  if (wrong !== undefined) violate({ kind: 'stuck', what: wrong });
  renameAcross(catalog, right);
  if (other !== undefined) cpSync(other, catalog, { recursive: true });
  change(catalog);
  const originals = () => filesUnder(join(world.data!, 'blobs/objects/originals'));
  const before = originals();
  world.days += 2;
  try {
    const server = await world.start(0);
    await swept(server);
  } catch (error) {
    // A server that refuses to start removes nothing either.
    scene.count('starts refused with another catalog');
    if (!/"code":"(catalog_mismatch|storage_failed|unauthorized)"/.test(String(error)))
      violate({ kind: 'stuck', what: String(error) });
  }
  const after = new Set(originals());
  const gone = before.filter((path) => !after.has(path));
  if (gone.length > 0) {
    violate({ kind: 'lost', what: `with another catalog ${gone.length} originals were removed` });
  }
  await world.kill(0);
  rmSync(catalog, { recursive: true, force: true });
  renameAcross(right, catalog);
  await world.start(0);
  scene.resume();
}

/** Waits for the end of the sweep that each start begins. */
export async function swept(server: Server): Promise<void> {
  const until = Date.now() + SWEEP_MS;
  while (!/"msg":"swept"/.test(server.log())) {
    if (Date.now() > until) throw new Error('no sweep ended');
    await delay(100);
  }
}

export const backupAndRestore: Fault = {
  name: 'a disk that is lost, and a backup',
  fits: ({ data }) => data !== undefined,
  async run(scene) {
    const { world, model, folder, random } = scene;
    const [backup, data] = [join(folder, 'backup'), world.data!];
    rmSync(backup, { recursive: true, force: true });
    model.mark();
    const made = await blockragJson<object>(['backup', backup, '--data', data]);
    model.marked();
    if (made.code !== 0) {
      scene.violate({ kind: 'failed', what: `backup: ${JSON.stringify(made.value)}` });
      return;
    }
    await delay(random.below(2000));
    await scene.pause();
    await world.kill(0);
    scene.count('kills');
    rmSync(data, { recursive: true, force: true });
    const restored = await blockragJson<object>(['restore', backup, '--data', data]);
    if (restored.code !== 0) {
      scene.violate({ kind: 'failed', what: `restore: ${JSON.stringify(restored.value)}` });
    }
    rmSync(backup, { recursive: true, force: true });
    model.restored();
    await world.start(0);
    scene.resume();
  },
};

function renameAcross(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  try {
    renameSync(from, to);
  } catch {
    cpSync(from, to, { recursive: true });
    rmSync(from, { recursive: true });
  }
  if (!existsSync(to)) throw new Error(`${to} is not there`);
}
