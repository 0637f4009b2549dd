import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { publish, publishThrough, withTemporary } from '../../../shared/files/publish.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blockrag-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

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

  test('replaces a file when told to, and no directory', async () => {
    const target = join(folder, 'file');
    await writeFile(target, 'old');
    await publish(target, (temporary) => writeFile(temporary, 'new'), { replace: true });
    expect(await readFile(target, 'utf8')).toBe('new');
    await mkdir(join(folder, 'directory/x'), { recursive: true });
    const directory = publish(join(folder, 'directory'), (made) => mkdir(made), { replace: true });
    await expect(directory).rejects.toMatchObject({ code: 'ENOTEMPTY' });
    expect((await readdir(folder)).sort()).toEqual(['directory', 'file']);
  });

  test('through a path that is given, tells whether it was ours', async () => {
    const target = join(folder, 'file');
    const through = (text: string) =>
      publishThrough(join(folder, text), target, (temporary) => writeFile(temporary, text));
    expect(await through('first')).toBe(true);
    expect(await through('second')).toBe(false);
    expect(await readFile(target, 'utf8')).toBe('first');
    expect(await readdir(folder)).toEqual(['file']);
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
  test('is removed after use, also after an error', async () => {
    const use = withTemporary(folder, async (temporary) => {
      await writeFile(temporary, 'x');
      throw new Error('broke');
    });
    await expect(use).rejects.toThrow('broke');
    expect(await readdir(folder)).toEqual([]);
  });
});
