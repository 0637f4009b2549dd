import { copyFileSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { DocumentView } from '../../shared/api/views/document.ts';
import { blockrag, blockragJson, PROJECT } from '../support/product/command.ts';
import { blobFiles, originals, temporaryDirectory, temporaryFiles } from '../support/product/directory.ts';
import { FERRY } from '../support/product/texts.ts';

const cwd = temporaryDirectory();
const data = join(cwd, 'data');
const FIXTURES = join(PROJECT, 'tests/fixtures/documents');

/** File name -> the code of its refusal. */
const BAD: Record<string, string> = {
  'empty.txt': 'document_empty',
  'blank.md': 'document_empty',
  'no-pages.pdf': 'document_corrupt',
  'encrypted.pdf': 'document_encrypted',
  'scan.pdf': 'document_no_text',
  'bomb.docx': 'document_too_complex',
  'binary.txt': 'document_not_text',
  'picture.png': 'document_type_unknown',
  'huge.txt': 'document_too_large',
};

beforeAll(() => {
  mkdirSync(join(cwd, 'in'));
  const write = (name: string, bytes: string | Uint8Array) => writeFileSync(join(cwd, 'in', name), bytes);
  for (const name of ['no-pages.pdf', 'encrypted.pdf', 'scan.pdf', 'bomb.docx']) {
    copyFileSync(join(FIXTURES, name), join(cwd, 'in', name));
  }
  write('empty.txt', '');
  write('blank.md', '  \n\n');
  write(
    'binary.txt',
    Uint8Array.from({ length: 3000 }, (_, i) => (i * 89) % 256),
  );
  write('picture.png', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'));
  write('huge.txt', '');
  // A file with a hole: it takes no space on the disk.
  truncateSync(join(cwd, 'in/huge.txt'), 200 * 1024 * 1024);
  write('ferry.md', FERRY);
});

describe('files that cannot be read', { timeout: 300_000 }, () => {
  it('fail each with its code, and leave nothing behind; the good one beside them is ready', async () => {
    const paths = [...Object.keys(BAD), 'ferry.md'].map((name) => `in/${name}`);
    const { code, value } = await blockragJson<{
      documents: DocumentView[];
      failures: { name: string; code: string; message: string }[];
    }>(['add', ...paths, '--data', data], { cwd });
    expect(code).toBe(1);
    const codes = Object.fromEntries(
      value.failures.map(({ name, code }) => [name.slice('in/'.length), code]),
    );
    expect(codes).toEqual(BAD);
    for (const { name, message } of value.failures) expect(message).toContain(name);
    const ready = value.documents.filter(({ status }) => status === 'ready');
    expect(ready.map(({ name }) => name)).toEqual(['in/ferry.md']);

    // What remains is the good document: its original, its one passage and the preface.
    expect(originals(data)).toHaveLength(1);
    expect(originals(data)[0]).toContain(ready[0]!.id);
    expect(blobFiles(data)).toHaveLength(2);
    expect(temporaryFiles(data)).toEqual([]);
  });

  it('is one line each for people', async () => {
    const { code, stdout, stderr } = await blockrag(['add', 'in/scan.pdf', 'in/ferry.md', '--data', data], {
      cwd,
    });
    expect(stdout).toMatch(/^ready {2}in\/ferry\.md {2}\(1 passage, \d+ tokens\)\n$/);
    expect(stderr).toMatch(/^error: in\/scan\.pdf [^\n]*OCR[^\n]* \(document_no_text\)$/m);
    expect(code).toBe(1);
  });
});
