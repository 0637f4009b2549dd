import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordState } from '../../../../shared/storage/lmdb/check.ts';
import { openEnvironment } from '../../../../shared/storage/lmdb/environment.ts';
import { openLmdbTable } from '../../../../shared/storage/table/lmdb.ts';
import { start } from '../../../support/children/start.ts';

const PAGE = 4096;
const META_BYTES = 168;
const HEADER_BYTES = 24;

/** What is wrong from an offset on: a bit mask over a byte, other bytes, or nothing is there any more. */
type Damage = { at: number; mask: number } | { at: number; bytes: Uint8Array } | { cutAt: number };

function damaged(whole: Buffer, damage: Damage): Buffer {
  if ('cutAt' in damage) return whole.subarray(0, damage.cutAt);
  const copy = Buffer.from(whole);
  if ('mask' in damage) copy[damage.at]! ^= damage.mask;
  else copy.set(damage.bytes.subarray(0, copy.length - damage.at), damage.at);
  return copy;
}

const zeroPage = (page: number): Damage => ({ at: page * PAGE, bytes: new Uint8Array(PAGE) });

describe('a damaged database', () => {
  let directory: string;
  let whole: Buffer;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'blockrag-damage-'));
    const environment = await openEnvironment(join(directory, 'whole'));
    const table = openLmdbTable(environment);
    // Rows within a page and beyond one, pages of inner nodes, and pages that are free again.
    for (let n = 0; n < 150; n++) {
      const data = { text: `row ${n} ${'x'.repeat(n % 10 === 0 ? 9000 : n * 4)}` };
      await table.write([{ put: { partition: `p${n % 3}`, sort: String(n).repeat(20), data } }]);
    }
    for (let n = 0; n < 150; n += 4) {
      await table.write([{ delete: { partition: `p${n % 3}`, sort: String(n).repeat(20) } }]);
    }
    await environment.close();
    whole = readFileSync(join(directory, 'whole/data.mdb'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  /** What comes of opening and using each of them, in a process of its own. */
  async function outcomesOf(damages: Damage[]): Promise<string[]> {
    const root = mkdtempSync(join(directory, 'damaged-'));
    for (const [n, damage] of damages.entries()) {
      const target = join(root, String(n).padStart(4, '0'));
      mkdirSync(target);
      writeFileSync(join(target, 'data.mdb'), damaged(whole, damage));
    }
    const child = start('open-damaged.ts', root);
    const code = await child.ended;
    rmSync(root, { recursive: true });
    expect({ code, databases: child.lines.length }).toEqual({ code: 0, databases: damages.length });
    return child.lines.map((line) => line.split(' ').slice(1).join(' '));
  }

  it('is used when nothing is wrong with it', async () => {
    expect(await outcomesOf([{ cutAt: whole.length }])).toEqual(['usable']);
  });

  it('is refused when it is cut off or its first pages are wrong', async () => {
    const damages = [
      { cutAt: 1 },
      { cutAt: PAGE },
      { cutAt: PAGE + 100 },
      { cutAt: whole.length >> 1 },
      zeroPage(0),
      zeroPage(1),
      { at: 0, bytes: Buffer.from('# not a database\n'.repeat(1000)) },
      { at: 0, bytes: new Uint8Array(PAGE).fill(255) },
    ];
    expect(await outcomesOf(damages)).toEqual(damages.map(() => 'storage_failed'));
  });

  it('names the ways on', async () => {
    const target = join(directory, 'named');
    cpSync(join(directory, 'whole'), target, { recursive: true });
    truncateSync(join(target, 'data.mdb'), whole.length >> 1);
    await expect(openEnvironment(target)).rejects.toMatchObject({
      code: 'storage_failed',
      message: expect.stringMatching(/is damaged \(.+\): .*blockrag restore.*blockrag repair/),
    });
  });

  it.each([0, 1])('ends no process whichever byte of first page %i is wrong', async (page) => {
    const damages = Array.from({ length: META_BYTES }, (_, at) => ({
      at: page * PAGE + at,
      mask: 1 << (at % 8),
    }));
    const allowed = new Set(['usable', 'storage_failed']);
    expect((await outcomesOf(damages)).filter((outcome) => !allowed.has(outcome))).toEqual([]);
  });

  it('ends no process when the header of any page is wrong, or the page is zero', async () => {
    const pages = Array.from({ length: whole.length / PAGE - 2 }, (_, n) => n + 2);
    const damages = pages.flatMap((page) => [
      page % 2 === 0 ? zeroPage(page) : { at: page * PAGE + 15, mask: 1 },
      { at: page * PAGE + (page % HEADER_BYTES), mask: 0x41 },
      { at: page * PAGE + 18, bytes: Buffer.from([2, 0, 255, 0]) },
    ]);
    const outcomes = await outcomesOf(damages);
    expect(new Set(outcomes)).toEqual(new Set(['usable', 'storage_failed']));
  });

  it('ends no process whatever is wrong with it', async () => {
    const position = fc.oneof(
      fc.integer({ min: 0, max: whole.length - 1 }),
      // Where the offsets of a page's rows are.
      fc
        .tuple(fc.integer({ min: 2, max: whole.length / PAGE - 1 }), fc.nat(60))
        .map(([page, at]) => page * PAGE + at),
    );
    const damage: fc.Arbitrary<Damage> = fc.oneof(
      fc.record({ at: position, mask: fc.integer({ min: 1, max: 255 }) }),
      fc.record({ at: position, bytes: fc.uint8Array({ minLength: 1, maxLength: 64 }) }),
      fc.record({ cutAt: fc.integer({ min: 1, max: whole.length - 1 }) }),
    );
    const damages = fc.array(damage, { minLength: 100, maxLength: 100, size: 'max' });
    await fc.assert(
      fc.asyncProperty(damages, async (all) => {
        const allowed = new Set(['usable', 'storage_failed']);
        expect((await outcomesOf(all)).filter((outcome) => !allowed.has(outcome))).toEqual([]);
      }),
      { numRuns: 2, endOnFailure: true },
    );
  });

  it('is refused when rows have changed since its process stopped in order', async () => {
    const target = join(directory, 'stopped');
    cpSync(join(directory, 'whole'), target, { recursive: true });
    await recordState(target);
    const at = whole.indexOf('row 130 ');
    writeFileSync(join(target, 'data.mdb'), damaged(whole, { at, mask: 1 }));
    await expect(openEnvironment(target)).rejects.toMatchObject({ code: 'storage_failed' });
    writeFileSync(join(target, 'data.mdb'), whole);
    const environment = await openEnvironment(target);
    await openLmdbTable(environment).write([{ put: { partition: 'p', sort: 's', data: {} } }]);
    await environment.close();
    await (await openEnvironment(target)).close();
  });
});
