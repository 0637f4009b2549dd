/** An artifact's bundles as `npm run build:functions` makes them, in a folder of the test. */
import { symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ARTIFACTS } from '../../../infra/artifact/artifacts.ts';
import { bundle } from '../../../infra/artifact/bundle.ts';
import { temporaryFolder } from '../models.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

/**
 * Bundles one entry of an artifact; gives the folder. Its packages are the project's: that an artifact has all that
 * it needs is what package.test.ts shows.
 */
export async function bundleEntry(artifact: string, entry: string): Promise<string> {
  const entries = ARTIFACTS.find(({ name }) => name === artifact)?.entries ?? {};
  const file = entries[entry];
  if (file === undefined) throw new Error(`the artifact ${artifact} has no entry ${entry}`);
  const out = join(await temporaryFolder(), artifact);
  await bundle({ root: ROOT, entries: { [entry]: file }, out });
  await symlink(join(ROOT, 'node_modules'), join(out, 'node_modules'));
  return out;
}
