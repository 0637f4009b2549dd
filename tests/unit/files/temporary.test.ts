import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isAbandoned, removeAbandoned, temporaryName } from '../../../shared/files/temporary.ts';
import { startTimeOf } from '../../../shared/process.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blockrag-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

const HOUR_MS = 3_600_000;
const startOf = (pid: number) => startTimeOf(pid) ?? '1';
const host = temporaryName().slice(0, 8);
const nameOf = (pid: number, start: string, { on = host, created = Date.now() } = {}) =>
  `${on}-${pid}-${start}-${created}-0123456789ab.tmp`;

describe('what a process leaves', () => {
  test('is removed when the process has died, with all that is in it, and kept while it lives', async () => {
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    const living = spawn('sleep', ['60']);
    const kept = nameOf(living.pid!, startOf(living.pid!));
    await mkdir(join(folder, nameOf(dead, '1'), 'sub'), { recursive: true });
    await writeFile(join(folder, `model.${nameOf(dead, '1')}`), 'half');
    await mkdir(join(folder, kept));
    await removeAbandoned(folder);
    living.kill();
    expect(await readdir(folder)).toEqual([kept]);
  });

  test('is not taken for that of another process with the same id', () => {
    expect(isAbandoned(temporaryName())).toBe(false);
    expect(isAbandoned(`model.${temporaryName()}`)).toBe(false);
    expect(isAbandoned(nameOf(process.pid, '1'))).toBe(true);
  });

  test('is told by its age where the system does not say when processes started', () => {
    expect(isAbandoned(nameOf(process.pid, ''))).toBe(false);
    const before = Math.round(Date.now() - process.uptime() * 1000 - 60_000);
    expect(isAbandoned(nameOf(process.pid, '', { created: before }))).toBe(true);
    expect(isAbandoned(nameOf(spawnSync(process.execPath, ['-e', '']).pid, ''))).toBe(true);
  });

  test('on another machine is left for a day, or for as long as is said', () => {
    const foreign = (age: number) => nameOf(process.pid, '1', { on: '00000000', created: Date.now() - age });
    expect(isAbandoned(foreign(HOUR_MS))).toBe(false);
    expect(isAbandoned(foreign(25 * HOUR_MS))).toBe(true);
    expect(isAbandoned(foreign(0), { foreignMs: 0 })).toBe(true);
  });

  test('is never a name that a user gave', () => {
    for (const name of ['model.gguf', 'x.tmp', `${process.pid}.tmp`, '1~2', 'a-1-2-3-4.tmp']) {
      expect(isAbandoned(name)).toBe(false);
    }
  });
});

describe('what an earlier version left', () => {
  test('in the cache folder goes with its process', () => {
    const own = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
    const earlier = (pid: number, created: number, on = own) => `${on}-${pid}-${created}-0123456789ab.tmp`;
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    expect(isAbandoned(earlier(dead, Date.now()))).toBe(true);
    expect(isAbandoned(`key.${earlier(dead, Date.now())}`)).toBe(true);
    expect(isAbandoned(earlier(process.ppid, Date.now()))).toBe(false);
    // In a container every run has the same id.
    expect(isAbandoned(earlier(process.pid, Date.now()))).toBe(false);
    expect(isAbandoned(earlier(process.pid, Math.round(Date.now() - process.uptime() * 1000 - 60_000)))).toBe(
      true,
    );
    expect(isAbandoned(earlier(1, Date.now() - HOUR_MS, '00000000'))).toBe(false);
    expect(isAbandoned(earlier(1, Date.now() - 25 * HOUR_MS, '00000000'))).toBe(true);
  });

  test('in the blob store goes with its process', () => {
    const earlier = (pid: number, start: string) => `${pid}~${start}~0b7e6c1a-92b0-4cf4-8b52-0d0c3c1d5a10`;
    expect(isAbandoned(earlier(process.pid, startOf(process.pid)))).toBe(false);
    expect(isAbandoned(earlier(process.pid, '1'))).toBe(true);
    expect(isAbandoned(earlier(spawnSync(process.execPath, ['-e', '']).pid, '1'))).toBe(true);
  });
});
