import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isBlockragError } from '../../../shared/errors.ts';
import { GgufFile } from '../../../shared/model/gguf.ts';
import { float32, TINY_LLAMA, writeGguf } from '../../support/gguf.ts';

const folder = mkdtempSync(join(tmpdir(), 'blockrag-gguf-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const path = join(folder, 'damaged.gguf');
let whole: Buffer;
beforeAll(async () => {
  await writeGguf(path, TINY_LLAMA.metadata, { 'token_embd.weight': float32(4, 32) });
  whole = readFileSync(path);
});

/** Opens bytes as a file, and reads what it says there is: "read", or the code of the refusal. */
async function verdict(bytes: Uint8Array): Promise<string> {
  writeFileSync(path, bytes);
  let file: GgufFile | undefined;
  try {
    file = await GgufFile.open(path);
    for (const [name, { shape }] of file.tensors) await file.read(name, shape);
    return 'read';
  } catch (error) {
    if (!isBlockragError(error)) throw error;
    return error.code;
  } finally {
    await file?.close();
  }
}

const REFUSED = /^(model_corrupt|model_unsupported)$/;

describe('a GGUF file', () => {
  it('is read when it is whole', async () => {
    expect(await verdict(whole)).toBe('read');
  });

  it('cut anywhere is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
        expect(await verdict(whole.subarray(0, length))).toMatch(REFUSED);
      }),
    );
  });

  it('with any byte changed is read or refused', async () => {
    const change = fc.record({ at: fc.nat(whole.length - 1), value: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const bytes = Buffer.from(whole);
        for (const { at, value } of changes) bytes[at] = value;
        expect(await verdict(bytes)).toMatch(/^(read|model_corrupt|model_unsupported)$/);
      }),
      { numRuns: 300 },
    );
  });

  it('of any bytes after its first is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const version = Buffer.from('GGUF\x03\0\0\0', 'latin1');
        expect(await verdict(Buffer.concat([version, bytes]))).toMatch(REFUSED);
      }),
    );
  });

  it.each([
    ['tensors', 8, 2n ** 40n],
    ['metadata', 16, 2n ** 40n],
    ['tensors', 8, 2n ** 63n],
    ['metadata', 16, 2n ** 63n],
    ['characters of its first key', 24, 2n ** 33n],
    ['characters of its first key', 24, 2n ** 62n],
  ])('that claims more %s than it has bytes (at %i: %i) is refused', async (_what, at, count) => {
    const bytes = Buffer.from(whole);
    bytes.writeBigUInt64LE(count, at);
    expect(await verdict(bytes)).toMatch(REFUSED);
  });

  it('of few bytes and many tensors is refused before they are looked for', async () => {
    const claims = fc.record({ tensors: fc.bigInt(1n, 9_999_999n), entries: fc.bigInt(0n, 9_999_999n) });
    await fc.assert(
      fc.asyncProperty(claims, async ({ tensors, entries }) => {
        const bytes = Buffer.from(whole.subarray(0, 24));
        bytes.writeBigUInt64LE(tensors, 8);
        bytes.writeBigUInt64LE(entries, 16);
        expect(await verdict(bytes)).toBe('model_corrupt');
      }),
    );
  });

  it.each([2n ** 20n, 2n ** 32n, 2n ** 60n])(
    'with a list of %i that are not there is refused',
    async (count) => {
      const header = Buffer.alloc(24);
      header.write('GGUF');
      header.writeUInt32LE(3, 4);
      header.writeBigUInt64LE(1n, 16);
      const key = Buffer.from('\x01\0\0\0\0\0\0\0a', 'latin1');
      for (const type of [0, 4, 7, 8, 9, 12]) {
        const list = Buffer.alloc(16);
        list.writeUInt32LE(9, 0);
        list.writeUInt32LE(type, 4);
        list.writeBigUInt64LE(count, 8);
        expect(await verdict(Buffer.concat([header, key, list, Buffer.alloc(64)]))).toMatch(REFUSED);
      }
    },
  );
});
