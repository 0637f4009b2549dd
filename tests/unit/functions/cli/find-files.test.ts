import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { findFiles } from '../../../../functions/cli/find-files.ts';
import { fixture } from '../../../support/document-fixtures.ts';
import { temporaryDirectory } from '../../../support/product/directory.ts';

const root = temporaryDirectory();
const data = join(root, '.blockrag');
const options = { data, maxBytes: 1_000_000 };

beforeAll(() => {
  for (const folder of ['a', 'b/.git', 'b/node_modules/x'])
    mkdirSync(join(root, folder), { recursive: true });
  const write = (name: string, bytes: string | Uint8Array) => writeFileSync(join(root, name), bytes);
  write('a/notes.md', 'North.');
  write('b/notes.md', 'South.');
  write('b/README', 'Text.');
  write('b/stock.csv', 'a,b\n1,2\n');
  write('b/umlaut.log', Buffer.from('für alle', 'latin1'));
  write('b/guide.docx', fixture('guide.docx'));
  write('b/empty.py', '');
  write('b/photo.png', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'));
  write('b/fake.txt', Buffer.from('1f8b0800000000000003', 'hex'));
  write('b/.hidden', 'x');
  write('b/.git/config', 'x');
  write('b/node_modules/x/index.js', 'x');
  symlinkSync(join(root, 'a/notes.md'), join(root, 'b/link.md'));
});

describe('findFiles', () => {
  it('takes of a folder what can be read, and says what it leaves out and why', async () => {
    const { files, skipped } = await findFiles([join(root, 'b')], options);
    expect(files.map(({ name }) => name)).toEqual([
      'b/README',
      'b/guide.docx',
      'b/notes.md',
      'b/stock.csv',
      'b/umlaut.log',
    ]);
    expect(Object.fromEntries(skipped.map(({ name, code }) => [name, code]))).toEqual({
      'b/.git': 'hidden',
      'b/.hidden': 'hidden',
      'b/node_modules': 'hidden',
      'b/link.md': 'link',
      'b/empty.py': 'document_empty',
      'b/photo.png': 'document_type_unknown',
      'b/fake.txt': 'document_not_text',
    });
    const photo = skipped.find(({ name }) => name === 'b/photo.png');
    expect(photo?.reason).toMatch(/^b\/photo\.png is a PNG picture: run OCR on it/);
  });

  it('gives files of two folders names of their own', async () => {
    const { files } = await findFiles([join(root, 'a'), join(root, 'b/notes.md')], options);
    expect(files.map(({ name }) => name)).toEqual(['a/notes.md', 'b/notes.md']);
  });

  it('names a file the same however it is reached', async () => {
    const here = relative(process.cwd(), join(root, 'a'));
    for (const path of [here, join(root, 'a'), join(root, 'a/notes.md'), join(root, 'b/../a')]) {
      const { files } = await findFiles([path], { ...options, data: relative(process.cwd(), data) });
      expect(files).toEqual([{ path: join(root, 'a/notes.md'), name: 'a/notes.md' }]);
    }
  });

  it('names a file elsewhere by its whole path', async () => {
    const { files } = await findFiles([join(root, 'a')], { ...options, data: join(root, 'b/.blockrag') });
    expect(files.map(({ name }) => name)).toEqual([join(root, 'a/notes.md')]);
  });

  it('takes a file that is named by itself, whatever it is', async () => {
    const { files, skipped } = await findFiles([join(root, 'b/photo.png')], options);
    expect(files).toHaveLength(1);
    expect(skipped).toEqual([]);
  });

  it('refuses a path that is not there', async () => {
    await expect(findFiles([join(root, 'c')], options)).rejects.toMatchObject({ code: 'invalid_option' });
  });
});
