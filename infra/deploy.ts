/**
 * Deploys to AWS, or, as stage `local`, to its stand-in on this machine.
 * Usage: npm run deploy -- --stage NAME [--region REGION] [--param NAME=VALUE ...]
 */
import { execFileSync } from 'node:child_process';
import { cacheDirectory } from '../shared/model/cache.ts';
import { osls, parseStackOptions, ROOT } from './stack/osls.ts';
import { missingImages, standInMissing, usesZips } from './stack/required.ts';

async function main(): Promise<void> {
  const options = parseStackOptions(process.argv.slice(2));
  const problem = missingImages(options) ?? standInMissing(options, process.env);
  if (problem !== undefined) throw new Error(problem);
  if (usesZips(options)) {
    const build = ['--import', 'tsx', 'infra/build-functions.ts', '--zip', 'functions'];
    execFileSync(process.execPath, build, { cwd: ROOT, stdio: 'inherit' });
  }
  await osls('deploy', options, { BLOCKRAG_CACHE: cacheDirectory(process.env.BLOCKRAG_CACHE) });
}

main().catch((error: Error) => {
  process.stderr.write(`deploy: ${error.message}\n`);
  process.exitCode = 1;
});
