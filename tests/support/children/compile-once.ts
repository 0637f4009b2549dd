/** Compiles a GGUF file into a folder; prints the directory's name. A process of its own for compile.test.ts. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { calibrate } from '../../../shared/attention/calibrate.ts';
import { selfCheck } from '../../../shared/attention/self-check.ts';
import { compileModel } from '../../../shared/model/compile.ts';

const [file, folder] = process.argv.slice(2) as [string, string];
const { directory } = await compileModel({
  source: { file, sha256: createHash('sha256').update(readFileSync(file)).digest('hex') },
  compute: 'w8a8',
  folder,
  calibrate,
  check: (model) => selfCheck(model, { text: false }),
});
process.stdout.write(`${basename(directory)}\n`);
