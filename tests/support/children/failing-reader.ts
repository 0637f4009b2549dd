/** A reading process whose parser fails as native code does, by the name of the document. */
import { writeSync } from 'node:fs';
import { serveReads } from '../../../shared/documents/process/serve-reads.ts';

serveReads(async (_, { source: { name } }, { started }) => {
  if (name === 'early.pdf') process.exit(3);
  started();
  const [how, argument] = name.replace('.pdf', '').split('-');
  if (how === 'kill') process.kill(process.pid, argument!);
  if (how === 'hang') for (;;);
  if (how === 'eat') for (const eaten: Buffer[] = []; ; ) eaten.push(Buffer.alloc(1 << 20, 1));
  if (how === 'print') writeSync(1, 'a library that prints\n');
  if (how === 'variables') return document(Object.keys(process.env).sort().join(' '));
  return document(`${process.pid}`);
});

function document(title: string) {
  return { title, metadata: {}, passages: [] };
}
