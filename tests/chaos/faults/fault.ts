/** What is done to a world while its clients are at work. */
import type { Scene } from '../scene.ts';
import type { World } from '../worlds/world.ts';

export interface Fault {
  name: string;
  /** Whether it can be done to a world. */
  fits(world: World): boolean;
  /** Does it, and leaves all servers running. */
  run(scene: Scene): Promise<void>;
}
