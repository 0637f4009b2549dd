/** The command line of osls, which makes and deploys the CloudFormation stack of serverless.yml. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const ROOT = resolve(import.meta.dirname, '../..');

/** What `npm run deploy` and `npm run remove` take. */
export interface StackOptions {
  stage: string;
  region: string | undefined;
  /** --param NAME=VALUE */
  params: Record<string, string>;
  /** --yes */
  yes: boolean;
}

/** @throws Error for an option that is not known */
export function parseStackOptions(args: readonly string[]): StackOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      stage: { type: 'string' },
      region: { type: 'string' },
      param: { type: 'string', multiple: true },
      yes: { type: 'boolean' },
    },
  });
  if (!values.stage) throw new Error('which stage? --stage NAME');
  const pairs = (values.param ?? []).map((param): [string, string] => {
    const [name = '', ...value] = param.split('=');
    if (value.length === 0) throw new Error(`--param ${param}: write NAME=VALUE`);
    return [name, value.join('=')];
  });
  return {
    stage: values.stage,
    region: values.region,
    params: Object.fromEntries(pairs),
    yes: values.yes === true,
  };
}

/** Runs an osls command in this terminal. @throws Error when it fails */
export async function osls(
  command: string,
  { stage, region, params }: StackOptions,
  environment: Record<string, string> = {},
): Promise<void> {
  const program = join(
    dirname(createRequire(import.meta.url).resolve('osls/package.json')),
    'bin/serverless.js',
  );
  const args = [program, command, '--stage', stage];
  if (region !== undefined) args.push('--region', region);
  for (const [name, value] of Object.entries(params)) args.push('--param', `${name}=${value}`);
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`osls ${command} failed`);
}
