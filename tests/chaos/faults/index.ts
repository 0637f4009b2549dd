/** All faults; of some the repair is not in the product yet. */
import type { World } from '../worlds/world.ts';
import { backupAndRestore, lostCatalog, oldCatalog } from './catalog.ts';
import { clockJump, restartLater } from './clock.ts';
import { damagedBlobs, fullDisk, lostBlobs } from './disk.ts';
import type { Fault } from './fault.ts';
import { killAtStart, killReader, killServer, standStill } from './processes.ts';

export type { Fault } from './fault.ts';

const FAULTS: readonly Fault[] = [
  killServer,
  killAtStart,
  killReader,
  standStill,
  fullDisk,
  lostBlobs,
  damagedBlobs,
  oldCatalog,
  lostCatalog,
  backupAndRestore,
  clockJump,
  restartLater,
];

export function faultsFor(world: World): Fault[] {
  return FAULTS.filter((fault) => fault.fits(world));
}
