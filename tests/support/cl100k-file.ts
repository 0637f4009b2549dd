/** The vocabulary cl100k_base as the file that tiktoken would fetch, where it looks for it first. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import vocabulary from 'js-tiktoken/ranks/cl100k_base';

const SOURCE = 'https://openaipublic.blob.core.windows.net/encodings/cl100k_base.tiktoken';

/** Writes it into a folder, which TIKTOKEN_CACHE_DIR then names. */
export async function writeCl100k(folder: string): Promise<void> {
  const lines: string[] = [];
  for (const run of vocabulary.bpe_ranks.split('\n')) {
    const [, first, ...tokens] = run.split(' ');
    for (const [i, token] of tokens.entries()) lines.push(`${token} ${Number(first) + i}\n`);
  }
  const name = createHash('sha1').update(SOURCE).digest('hex');
  await writeFile(join(folder, name), lines.join(''));
}
