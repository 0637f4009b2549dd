import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  cacheDirectory,
  ownerIsGone,
  publish,
  temporaryName,
  withTemporary,
} from '../../../shared/model/cache.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blockrag-cache-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const nameOf = (pid: number, created = Date.now()) =>
  temporaryName().replace(/-\d+-\d+-/, `-${pid}-${created}-`);

describe('cacheDirectory', () => {
  test('is the chosen folder as an absolute path', () => {
    expect(cacheDirectory('some/where')).toBe(join(process.cwd(), 'some/where'));
  });

  test('is a folder of its own in the system cache folder when nothing is set', () => {
    expect(cacheDirectory()).toMatch(/blockrag/);
  });
});

describe('publish', () => {
  test('publishes a file, making the folders above it', async () => {
    const target = join(folder, 'a/b/file');
    await publish(target, (temporary) => writeFile(temporary, 'whole'));
    expect(await readFile(target, 'utf8')).toBe('whole');
    expect(await readdir(join(folder, 'a/b'))).toEqual(['file']);
  });

  test('publishes a directory with all that is in it', async () => {
    const target = join(folder, 'model');
    await publish(target, async (temporary) => {
      await mkdir(join(temporary, 'sub'), { recursive: true });
      await writeFile(join(temporary, 'sub/weights'), 'w');
    });
    expect(await readFile(join(target, 'sub/weights'), 'utf8')).toBe('w');
    expect(await readdir(folder)).toEqual(['model']);
  });

  test('leaves a target that is there alone, and makes nothing', async () => {
    const target = join(folder, 'file');
    await writeFile(target, 'first');
    await publish(target, () => Promise.reject(new Error('made again')));
    expect(await readFile(target, 'utf8')).toBe('first');
  });

  test('drops its own result when another one was published meanwhile', async () => {
    for (const kind of ['file', 'directory']) {
      const target = join(folder, kind);
      const make = (text: string) => async (temporary: string) => {
        if (kind === 'directory') await mkdir(temporary);
        await writeFile(kind === 'directory' ? join(temporary, 'x') : temporary, text);
      };
      await publish(target, async (temporary) => {
        await make('slow')(temporary);
        await publish(target, make('fast'));
      });
      expect(await readFile(kind === 'directory' ? join(target, 'x') : target, 'utf8')).toBe('fast');
    }
    expect((await readdir(folder)).sort()).toEqual(['directory', 'file']);
  });

  test('leaves nothing after an error', async () => {
    const failing = publish(join(folder, 'file'), async (temporary) => {
      await writeFile(temporary, 'half');
      throw new Error('the source broke');
    });
    await expect(failing).rejects.toThrow('the source broke');
    expect(await readdir(folder)).toEqual([]);
  });

  test('of any mix of publishers at once, failing ones among them, ends with one whole result', async () => {
    let run = 0;
    const publishers = fc.array(fc.record({ fails: fc.boolean(), waits: fc.nat(3) }), {
      minLength: 1,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(publishers, fc.boolean(), async (plan, asDirectory) => {
        const place = join(folder, String(run++));
        const target = join(place, 'target');
        const outcomes = await Promise.allSettled(
          plan.map(({ fails, waits }, index) =>
            publish(target, async (temporary) => {
              if (asDirectory) await mkdir(temporary);
              const file = (name: string) => (asDirectory ? join(temporary, name) : temporary);
              await writeFile(file('one'), `${index} `);
              await sleep(waits);
              if (fails) throw new Error('failed');
              await writeFile(file(asDirectory ? 'two' : 'one'), `${index} `, { flag: 'a' });
            }),
          ),
        );
        const succeeded = outcomes.some(({ status }) => status === 'fulfilled');
        expect(await readdir(place)).toEqual(succeeded ? ['target'] : []);
        if (!succeeded) return;
        const files = asDirectory ? [join(target, 'one'), join(target, 'two')] : [target];
        const written = (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('').split(' ');
        expect(written).toHaveLength(3);
        expect(written[0]).toBe(written[1]);
        expect(plan[Number(written[0])]?.fails).toBe(false);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a temporary path', () => {
  test('left by a process that has died is removed, that of a living one is not', async () => {
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    const living = spawn('sleep', ['60']);
    await writeFile(join(folder, nameOf(dead)), 'half');
    await mkdir(join(folder, nameOf(living.pid!)));
    await withTemporary(folder, async () => {});
    living.kill();
    expect(await readdir(folder)).toEqual([expect.stringContaining(`-${living.pid}-`)]);
  });

  test('of an earlier run with the same pid, as in a container, counts as left', () => {
    expect(ownerIsGone(temporaryName())).toBe(false);
    expect(ownerIsGone(nameOf(process.pid, Math.round(Date.now() - process.uptime() * 1000 - 60_000)))).toBe(
      true,
    );
  });

  test('of another machine is left for a day', () => {
    const foreign = (created: number) => nameOf(1, created).replace(/^[0-9a-f]{8}/, '00000000');
    expect(ownerIsGone(foreign(Date.now() - 3600_000))).toBe(false);
    expect(ownerIsGone(foreign(Date.now() - 25 * 3600_000))).toBe(true);
  });

  test('is removed after use, also after an error', async () => {
    const use = withTemporary(folder, async (temporary) => {
      await writeFile(temporary, 'x');
      throw new Error('broke');
    });
    await expect(use).rejects.toThrow('broke');
    expect(await readdir(folder)).toEqual([]);
  });

  test('is never a name that a user gave', () => {
    for (const name of ['model.gguf', 'x.tmp', `${process.pid}.tmp`]) expect(ownerIsGone(name)).toBe(false);
  });
});
