/** All faults. */
import type { World } from '../worlds/world.ts';
import { backupAndRestore, damagedCatalog, lostCatalog, oldCatalog } from './catalog.ts';
import { clockJump, restartLater } from './clock.ts';
import { damagedBlobs, fullDisk, lostBlobs } from './disk.ts';
import type { Fault } from './fault.ts';
import { killAtStart, killReader, killServer, standStill } from './processes.ts';
import { damagedIndex, lostIndex } from './stores.ts';

export type { Fault } from './fault.ts';

const FAULTS: readonly Fault[] = [
  killServer,
  killAtStart,
  killReader,
  standStill,
  fullDisk,
  lostBlobs,
  damagedBlobs,
  lostIndex,
  damagedIndex,
  oldCatalog,
  lostCatalog,
  damagedCatalog,
  backupAndRestore,
  clockJump,
  restartLater,
];

export function faultsFor(world: World): Fault[] {
  return FAULTS.filter((fault) => fault.fits(world));
}
