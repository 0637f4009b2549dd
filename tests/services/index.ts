/** Servers that stand in for AWS in tests: each call starts an instance of its own, empty, on a free port. */
import { join } from 'node:path';
import { type RunningServer, startChild } from './child.ts';
import { available, serviceDirectory } from './install.ts';
import { RECIPES, type ServiceName } from './recipes.ts';

export { available } from './install.ts';
export type { ServiceName } from './recipes.ts';

/** A running service and what a client of the AWS SDK needs to talk to it. */
export interface Service extends RunningServer {
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
}

const region = 'us-east-1';
// One pair for all three, so that one environment serves. DynamoDB Local takes letters and digits only.
const credentials = { accessKeyId: 'test', secretAccessKey: 'testtest' };

/** S3. It has no bucket yet. Keys "a/b" and "a/b/c" cannot both exist: it keeps objects as files. */
export async function startVersitygw(): Promise<Service> {
  const program = join(homeOf('versitygw'), 'versitygw');
  const server = await startChild('versitygw', (port, directory) => ({
    command: program,
    args: ['--port', `127.0.0.1:${port}`, '--region', region, '--quiet', 'posix', directory],
    env: {
      ROOT_ACCESS_KEY_ID: credentials.accessKeyId,
      ROOT_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
  }));
  return { ...server, region, credentials };
}

/** DynamoDB, in memory. */
export async function startDynamoDb(): Promise<Service> {
  const home = homeOf('dynamodb');
  const lib = join(home, 'lib');
  const server = await startChild('dynamodb', (port) => ({
    command: 'java',
    args: [
      ...['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', `-Djava.library.path=${lib}`],
      ...['-cp', `${home}:${lib}/*`, 'Loopback'],
      ...['-inMemory', '-port', String(port), '-disableTelemetry'],
    ],
  }));
  return { ...server, region, credentials };
}

/** SQS, Lambda, EventBridge, CloudFormation and more. `auth` enforces the policies of roles. */
export async function startMinistack(options: { auth?: boolean } = {}): Promise<Service> {
  const python = join(homeOf('ministack'), 'bin', 'python');
  const server = await startChild(
    'ministack',
    (port, directory) => ({
      command: python,
      args: ['-m', 'ministack'],
      env: {
        BIND_HOST: '127.0.0.1',
        GATEWAY_PORT: String(port),
        MINISTACK_HOST: '127.0.0.1',
        STATE_DIR: join(directory, 'state'),
        S3_DATA_DIR: join(directory, 's3'),
        ...(options.auth === true ? { AUTH: 'true' } : {}),
      },
    }),
    '/_ministack/health',
  );
  return { ...server, region, credentials };
}

function homeOf(name: ServiceName): string {
  if (!available()[name]) throw new Error(`${RECIPES[name].title} is not installed: npm run services`);
  return serviceDirectory(name);
}
