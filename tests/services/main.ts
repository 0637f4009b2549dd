/**
 * Local servers that stand in for AWS.
 * Usage: npm run services                      install them once
 *        npm run services -- start [--json]    start all on free ports until Ctrl-C
 */
import { parseArgs } from 'node:util';
import { type Service, startDynamoDb, startMinistack, startVersitygw } from './index.ts';
import { install, SERVICE_NAMES } from './install.ts';

const print = (line: string) => process.stdout.write(`${line}\n`);
const report = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { json: { type: 'boolean' } },
    allowPositionals: true,
  });
  const [command = 'install', ...rest] = positionals;
  if (rest.length > 0 || !['install', 'start'].includes(command)) {
    throw new Error(`"${positionals.join(' ')}" is not a command: use install or start [--json]`);
  }
  await install(SERVICE_NAMES, report);
  if (command === 'start') await serve(values.json === true);
}

async function serve(json: boolean): Promise<void> {
  // Before the first server: a signal meanwhile must not leave the others to their watchers.
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  const [s3, dynamodb, rest] = await Promise.all([startVersitygw(), startDynamoDb(), startMinistack()]);
  print(json ? JSON.stringify(environment(s3, dynamodb, rest)) : exports(environment(s3, dynamodb, rest)));
  report('running until Ctrl-C');
  // A pending promise alone does not keep Node alive; the children's pipes do.
  await stopped;
  await Promise.all([s3, dynamodb, rest].map((service) => service.stop()));
}

/** What the AWS SDKs and the command line read. */
function environment(s3: Service, dynamodb: Service, rest: Service): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: rest.endpoint,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
    AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
    AWS_REGION: s3.region,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

const exports = (variables: Record<string, string>) =>
  Object.entries(variables)
    .map(([name, value]) => `export ${name}=${value}`)
    .join('\n');

main().catch((error: Error) => {
  report(`services: ${error.message}`);
  process.exitCode = 1;
});
