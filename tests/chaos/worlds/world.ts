/** Servers and what they store, for faults to be done to. */
import type { Server } from '../../support/product/server.ts';
import type { LeftOver } from '../checks.ts';
import type { Tenant } from '../texts.ts';

export interface World {
  readonly kind: 'one server' | 'two servers';
  /** Each running server; undefined: it is down. */
  readonly servers: (Server | undefined)[];
  /** Whether clocks can jump: those of services that check signatures do not. */
  readonly hasClock: boolean;
  /** Days that the servers' clock is ahead; takes effect within seconds, and at the next start. */
  days: number;
  /** The data directory, where there is one. */
  readonly data: string | undefined;
  /** The data directory has a small disk of its own, which can be filled. */
  readonly hasDisk: boolean;
  /** What ended servers that nobody had told to end. */
  readonly deaths: string[];
  /** Starts a server, unless it runs. */
  start(index: number, options?: readonly string[]): Promise<Server>;
  kill(index: number): Promise<void>;
  /** With SIGTERM. @returns what went wrong: it did not end, or not well */
  stop(index: number): Promise<string | undefined>;
  /** A server that runs, asked for a tenant, or for the operator; undefined: none does. */
  caller(who: Tenant | 'operator', index: number): Server | undefined;
  /** Deletes some stored objects: a picture of a failing disk. @returns how many */
  loseBlobs(choose: (keys: readonly string[]) => readonly string[]): Promise<number>;
  /** What lies in the stores. */
  stored(): Promise<LeftOver>;
  close(): Promise<void>;
}
