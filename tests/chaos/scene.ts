/** What clients and faults of a round share. */
import type { Violation } from './checks.ts';
import type { Model } from './model.ts';
import type { Random } from './random.ts';
import type { World } from './worlds/world.ts';

export interface Scene {
  readonly world: World;
  readonly model: Model;
  /** A folder of the run beside the stores, for copies. */
  readonly folder: string;
  readonly random: Random;
  /** What was done and seen, by name. */
  readonly counts: Record<string, number>;
  count(what: string, more?: number): void;
  /** A part of the round ends. */
  phase(name: string): void;
  violate(...violations: readonly Violation[]): void;
  /** Ends what the clients are at, and keeps them from more until `resume`. */
  pause(): Promise<void>;
  resume(): void;
}
