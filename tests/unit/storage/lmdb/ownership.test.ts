import { mkdir, mkdtemp, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hostId, startTimeOf } from '../../../../shared/process.ts';
import { type Environment, openEnvironment } from '../../../../shared/storage/lmdb/environment.ts';
import { type Owner, readOwner, tellOwner } from '../../../../shared/storage/lmdb/owner.ts';
import { claimDataDirectory } from '../../../../shared/storage/lmdb/ownership.ts';
import { start } from '../../../support/children/start.ts';

const SERVE = { command: 'serve' };
const IN_USE = { code: 'data_directory_in_use' };

describe('ownership of a data directory', () => {
  let directory: string;
  let environment: Environment;
  const self = (): Owner => ({
    pid: process.pid,
    startTime: startTimeOf(process.pid)!,
    host: hostId(),
    command: 'serve',
    heartbeat: Date.now(),
  });
  const leaveRow = (owner: Owner) => {
    const database = environment.database<Owner>('owner');
    return environment.write(() => database.putSync(Buffer.from('owner'), owner));
  };
  const leaveClaim = async (owner: Owner) => {
    await leaveRow(owner);
    await tellOwner(directory, owner);
  };
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'blockrag-owner-'));
    environment = await openEnvironment(directory);
  });
  afterEach(async () => {
    vi.useRealTimers();
    await environment.close();
    await rm(directory, { recursive: true });
  });

  it('refuses a second process, telling which one holds it, until that is killed', async () => {
    const child = start('claim.ts', directory, 'http://127.0.0.1:7600');
    await child.printed(1);
    expect(child.lines).toEqual(['claimed']);
    await expect(claimDataDirectory(environment, SERVE)).rejects.toMatchObject({
      ...IN_USE,
      message: expect.stringMatching(`serve.*${child.pid}.*http://127.0.0.1:7600`),
      data: { pid: child.pid, command: 'serve', url: 'http://127.0.0.1:7600' },
    });
    expect(readOwner(directory)).toMatchObject({ pid: child.pid, url: 'http://127.0.0.1:7600' });
    await child.kill();
    expect(readOwner(directory)).toBeUndefined();
    const ownership = await claimDataDirectory(environment, SERVE);
    expect(readOwner(directory)).toMatchObject({ pid: process.pid, command: 'serve' });
    await ownership.release();
  });

  it('lets one of four processes that start at once have it', async () => {
    const children = Array.from({ length: 4 }, () => start('claim.ts', directory));
    await Promise.all(children.map((child) => child.printed(1)));
    await Promise.all(children.map((child) => child.kill()));
    const lines = children.flatMap((child) => child.lines).sort();
    expect(lines).toEqual(['claimed', ...Array(3).fill('data_directory_in_use')]);
  });

  it('is told by the row alone where the file cannot be written', async () => {
    await mkdir(join(directory, 'owner.json'));
    const ownership = await claimDataDirectory(environment, SERVE);
    await ownership.setUrl('http://127.0.0.1:7600');
    expect(readOwner(directory)).toBeUndefined();
    await expect(claimDataDirectory(environment, SERVE)).rejects.toMatchObject({
      ...IN_USE,
      data: { url: 'http://127.0.0.1:7600' },
    });
    await rmdir(join(directory, 'owner.json'));
    await ownership.release();
  });

  it('is told of in no file that is damaged', async () => {
    for (const content of ['', '{', 'null', '[]', '{"pid":"1"}', JSON.stringify(self()).slice(0, 40)]) {
      await writeFile(join(directory, 'owner.json'), content);
      expect(readOwner(directory)).toBeUndefined();
    }
  });

  it('is free again when released', async () => {
    const ownership = await claimDataDirectory(environment, SERVE);
    await expect(claimDataDirectory(environment, { command: 'add' })).rejects.toMatchObject(IN_USE);
    await ownership.release();
    expect(readOwner(directory)).toBeUndefined();
    await (await claimDataDirectory(environment, { command: 'add' })).release();
  });

  it('takes over from an earlier process that had the same process id', async () => {
    await leaveClaim({ ...self(), startTime: '1' });
    expect(readOwner(directory)).toBeUndefined();
    await (await claimDataDirectory(environment, SERVE)).release();
  });

  it('trusts the heartbeat of another host or container for 15 seconds', async () => {
    await leaveClaim({ ...self(), host: 'elsewhere', heartbeat: Date.now() - 10_000 });
    expect(readOwner(directory)).toMatchObject({ host: 'elsewhere' });
    await expect(claimDataDirectory(environment, SERVE)).rejects.toMatchObject(IN_USE);
    await leaveClaim({ ...self(), host: 'elsewhere', heartbeat: Date.now() - 15_001 });
    expect(readOwner(directory)).toBeUndefined();
    await (await claimDataDirectory(environment, SERVE)).release();
  });

  it('renews its heartbeat, and says so when another has taken over', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const ownership = await claimDataDirectory(environment, SERVE);
    await leaveClaim({ ...self(), heartbeat: 0 });
    vi.advanceTimersByTime(5000);
    await vi.waitFor(() => expect(readOwner(directory)?.heartbeat).toBeGreaterThan(0));
    expect(ownership.lost.aborted).toBe(false);

    await leaveClaim({ ...self(), host: 'elsewhere' });
    vi.advanceTimersByTime(5000);
    await vi.waitFor(() => expect(ownership.lost.aborted).toBe(true));
    await ownership.release();
    expect(readOwner(directory)).toMatchObject({ host: 'elsewhere' });
  });

  it('tells processes apart by a start time that never changes and ends with them', async () => {
    const child = start('claim.ts', directory);
    await child.printed(1);
    const first = startTimeOf(child.pid);
    expect(first).toMatch(/^\w+$/);
    expect(startTimeOf(child.pid)).toBe(first);
    await child.kill();
    expect(startTimeOf(child.pid)).toBeUndefined();
  });
});
