import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const SHARED = join(import.meta.dirname, '../../shared');

/** What a child process inherits, and what a native library is told, which reads nothing else. */
const PASSED_ON: Record<string, number> = {
  'documents/process/reading-process.ts': 1,
  'documents/process/serve-reads.ts': 1,
  'model/sources/pip.ts': 1,
  'process.ts': 1,
  'retrieval/lancedb-table.ts': 3,
};

test('only entry points read the environment: shared/ is told by arguments', () => {
  const found: Record<string, number> = {};
  for (const file of readdirSync(SHARED, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const code = readFileSync(join(SHARED, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    const uses = code.match(/process\.env/g)?.length ?? 0;
    if (uses > 0) found[file] = uses;
  }
  expect(found).toEqual(PASSED_ON);
});
