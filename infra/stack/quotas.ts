/** What an account of AWS must allow for a stage to be deployed, asked before CloudFormation fails halfway. */
import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { StackOptions } from './osls.ts';
import { LOCAL, usesServers } from './required.ts';

/** Lambda keeps so many places for functions that have none set aside. */
const UNRESERVED = 100;
/** Accounts with as few places as this are young. */
const YOUNG = 10;
/** MB of a function at most in a young account; no call tells it. */
const YOUNG_MEMORY = 3008;
/** As in serverless.yml. */
const DEFAULTS = { queryConcurrency: 20, queryProvisioned: 0, queryMemory: 7076, precomputeMemory: 7076 };
/** Beside the query function the sweep has one place. */
const SWEEP = 1;

/**
 * Functions that the account may run at once in a region.
 * @throws Error of the SDK: no credentials, no right to ask
 */
export async function concurrencyLimit(region: string | undefined): Promise<number> {
  const client = new LambdaClient(region === undefined ? {} : { region });
  try {
    const { AccountLimit } = await client.send(new GetAccountSettingsCommand({}));
    return AccountLimit?.ConcurrentExecutions ?? Number.POSITIVE_INFINITY;
  } finally {
    client.destroy();
  }
}

/** Why a stage does not fit into an account that may run so many functions at once; undefined: it does. */
export function quotaProblem(options: StackOptions, limit: number): string | undefined {
  const { stage, params } = options;
  if (stage === LOCAL) return undefined;
  const given = (name: keyof typeof DEFAULTS) => Number(params[name] ?? DEFAULTS[name]);
  const reserves = params.reserve !== 'none';
  const servers = usesServers(options);
  const concurrency = servers ? 0 : given('queryConcurrency');
  if (!servers && given('queryProvisioned') > (reserves ? concurrency : limit)) {
    return `queryProvisioned=${given('queryProvisioned')} is more than the ${reserves ? `queryConcurrency=${concurrency}` : `${limit} functions that the account may run at once`}`;
  }
  const left = limit - concurrency - SWEEP;
  if (reserves && left < UNRESERVED) {
    return [
      `the account may run ${limit} functions at once, and setting aside ${concurrency + SWEEP} would leave less than the ${UNRESERVED} that Lambda keeps`,
      'ask for more in Service Quotas (Lambda, "Concurrent executions"), or set none aside: --param reserve=none',
    ].join('\n');
  }
  const memory = Math.max(servers ? 0 : given('queryMemory'), given('precomputeMemory'));
  if (limit <= YOUNG && memory > YOUNG_MEMORY) {
    return [
      `the account may run ${limit} functions at once; such accounts also refuse functions of more than ${YOUNG_MEMORY} MB, and this stage has ${memory}`,
      `ask AWS Support for both, or deploy a small stage: --param queryMemory=${YOUNG_MEMORY} --param precomputeMemory=${YOUNG_MEMORY} --param threads=1`,
    ].join('\n');
  }
  return undefined;
}
