/** One process owns a data directory: it alone takes work from the queues and writes the retrieval index. */
import { hostId, startTimeOf } from '../../process.ts';
import type { Environment } from './environment.ts';
import { forgetOwner, inUse, isLive, type Owner, tellOwner } from './owner.ts';

const HEARTBEAT_MS = 5_000;
const KEY = Buffer.from('owner');

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
  const { directory } = environment;
  const database = environment.database<Owner>('owner');
  const startTime = startTimeOf(process.pid) ?? '';
  const claim: Owner = {
    ...{ pid: process.pid, startTime, host: hostId(), command: options.command },
    heartbeat: Date.now(),
  };
  await environment.write(() => {
    const owner = database.get(KEY);
    if (owner !== undefined && isLive(owner)) throw inUse(owner, directory);
    database.putSync(KEY, claim);
  });
  await tellOwner(directory, claim);
  const lost = new AbortController();
  const renew = async (change: (owner: Owner) => Owner = (owner) => owner) => {
    const renewed = await environment.write(() => {
      const owner = database.get(KEY);
      if (owner === undefined || !isSame(owner, claim)) return undefined;
      const next = { ...change(owner), heartbeat: Date.now() };
      database.putSync(KEY, next);
      return next;
    });
    if (renewed === undefined) lost.abort();
    else await tellOwner(directory, renewed);
  };
  // One after the other: the file says what the row says, and is not written again after release.
  let last: Promise<void> = Promise.resolve();
  const renewInTurn: typeof renew = (change) => {
    const next = last.then(() => renew(change));
    last = next.catch(() => undefined);
    return next;
  };
  // A heartbeat that cannot be written (disk full) is made up for by the next one.
  const timer = setInterval(() => renewInTurn().catch(() => undefined), HEARTBEAT_MS).unref();
  return {
    lost: lost.signal,
    setUrl: (url) => renewInTurn(({ url: _, ...owner }) => (url === undefined ? owner : { ...owner, url })),
    release: async () => {
      clearInterval(timer);
      await last;
      // Before the row: from then on another process may write its own.
      if (!lost.signal.aborted) await forgetOwner(directory);
      await environment.write(() => {
        const owner = database.get(KEY);
        if (owner !== undefined && isSame(owner, claim)) database.removeSync(KEY);
      });
    },
  };
}

function isSame(owner: Owner, other: Pick<Owner, 'pid' | 'startTime' | 'host'>): boolean {
  return owner.pid === other.pid && owner.startTime === other.startTime && owner.host === other.host;
}
