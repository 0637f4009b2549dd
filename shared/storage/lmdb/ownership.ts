/** One process owns a data directory: it alone takes work from the queues and writes the retrieval index. */
import { BlockragError } from '../../errors.ts';
import { hostId, startTimeOf } from '../../process.ts';
import type { Environment, NamedDatabase } from './environment.ts';

const HEARTBEAT_MS = 5_000;
const STALE_MS = 15_000;
const KEY = Buffer.from('owner');

/** The process that owns a data directory. */
export interface Owner {
  pid: number;
  /** When that process started (see startTimeOf): ids are given again. */
  startTime: string;
  /** Where its pid means that process (see hostId). */
  host: string;
  /** What it runs: "serve". */
  command: string;
  /** Where it answers, once it does. */
  url?: string;
  /** When it last said that it lives, ms since the epoch. */
  heartbeat: number;
}

/** A held claim. */
export interface Ownership {
  /** Aborted when another host's process took over, because this one had stood still too long: stop. */
  readonly lost: AbortSignal;
  /** Tells where the owner answers; undefined: nowhere any more. */
  setUrl(url: string | undefined): Promise<void>;
  /** Gives the directory free; call it before the environment is closed. */
  release(): Promise<void>;
}

/**
 * Claims a data directory for this process, until release() or its end: the claim of a process that was killed
 * is taken over at once. A claim from another host or container, whose processes cannot be seen from here,
 * holds while it is renewed every 5 s, and 15 s longer.
 *
 * @throws BlockragError `data_directory_in_use` (data: pid, command, url), `storage_full`, `storage_failed`
 */
export async function claimDataDirectory(
  environment: Environment,
  options: { command: string },
): Promise<Ownership> {
  const database = openOwnerDatabase(environment);
  const startTime = startTimeOf(process.pid) ?? '';
  const claim = { pid: process.pid, startTime, host: hostId(), command: options.command };
  await environment.write(() => {
    const owner = database.get(KEY);
    if (owner !== undefined && isLive(owner)) throw inUse(owner, environment.directory);
    database.putSync(KEY, { ...claim, heartbeat: Date.now() });
  });
  const lost = new AbortController();
  const renew = async (change: (owner: Owner) => Owner = (owner) => owner) => {
    const held = await environment.write(() => {
      const owner = database.get(KEY);
      if (owner === undefined || !isSame(owner, claim)) return false;
      database.putSync(KEY, { ...change(owner), heartbeat: Date.now() });
      return true;
    });
    if (!held) lost.abort();
  };
  // A heartbeat that cannot be written (disk full) is made up for by the next one.
  const timer = setInterval(() => renew().catch(() => undefined), HEARTBEAT_MS).unref();
  return {
    lost: lost.signal,
    setUrl: (url) => renew(({ url: _, ...owner }) => (url === undefined ? owner : { ...owner, url })),
    release: async () => {
      clearInterval(timer);
      await environment.write(() => {
        const owner = database.get(KEY);
        if (owner !== undefined && isSame(owner, claim)) database.removeSync(KEY);
      });
    },
  };
}

/** The live owner of a data directory, or undefined. */
export function readOwner(environment: Environment): Owner | undefined {
  environment.refresh();
  const database = openOwnerDatabase(environment);
  const owner = environment.read(() => database.get(KEY));
  return owner !== undefined && isLive(owner) ? owner : undefined;
}

function openOwnerDatabase(environment: Environment): NamedDatabase<Owner> {
  return environment.database<Owner>('owner');
}

function isLive(owner: Owner): boolean {
  if (owner.host === hostId()) return startTimeOf(owner.pid) === owner.startTime;
  return Date.now() - owner.heartbeat < STALE_MS;
}

function isSame(owner: Owner, other: Pick<Owner, 'pid' | 'startTime' | 'host'>): boolean {
  return owner.pid === other.pid && owner.startTime === other.startTime && owner.host === other.host;
}

function inUse({ pid, command, url }: Owner, directory: string): BlockragError {
  const where = url === undefined ? '' : ` at ${url}`;
  return new BlockragError(
    'data_directory_in_use',
    `${directory} is in use by blockrag ${command} (process ${pid})${where}: use that, or stop it first.`,
    { data: { pid, command, url: url ?? null } },
  );
}
