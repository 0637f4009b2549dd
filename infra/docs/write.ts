/** `npm run docs`: writes docs/reference. */
import { mkdir, writeFile } from 'node:fs/promises';
import { referencePages } from './pages.ts';

await mkdir('docs/reference', { recursive: true });
for (const [path, text] of Object.entries(referencePages())) await writeFile(path, text);
