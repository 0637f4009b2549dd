/**
 * Deploys to AWS, or, as stage `local`, to its stand-in on this machine.
 * Usage: npm run deploy -- --stage NAME [--region REGION] [--param NAME=VALUE ...]
 */
import { execFileSync } from 'node:child_process';
import { cacheDirectory } from '../shared/model/cache.ts';
import { osls, parseStackOptions, ROOT, type StackOptions } from './stack/osls.ts';
import { concurrencyLimit, quotaProblem } from './stack/quotas.ts';
import { LOCAL, missingCertificate, missingImages, standInMissing, usesZips } from './stack/required.ts';

async function main(): Promise<void> {
  const options = parseStackOptions(process.argv.slice(2));
  const problem =
    missingImages(options) ?? missingCertificate(options) ?? standInMissing(options, process.env);
  if (problem !== undefined) throw new Error(problem);
  await checkQuotas(options);
  if (usesZips(options)) {
    const build = ['--import', 'tsx', 'infra/build-functions.ts', '--zip', 'functions'];
    execFileSync(process.execPath, build, { cwd: ROOT, stdio: 'inherit' });
  }
  await osls('deploy', options, { BLOCKRAG_CACHE: cacheDirectory(process.env.BLOCKRAG_CACHE) });
}

/** Who may not ask may still deploy. */
async function checkQuotas(options: StackOptions): Promise<void> {
  if (options.stage === LOCAL) return;
  const limit = await concurrencyLimit(options.region).catch((error: Error) => {
    process.stderr.write(`deploy: the quotas of the account are not known (${error.message})\n`);
  });
  const problem = limit === undefined ? undefined : quotaProblem(options, limit);
  if (problem !== undefined) throw new Error(problem);
}

main().catch((error: Error) => {
  process.stderr.write(`deploy: ${error.message}\n`);
  process.exitCode = 1;
});
