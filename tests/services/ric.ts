/** A Lambda function run by the runtime interface client of AWS, as in a container image, and asked as a gateway asks. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { available, serviceDirectory } from './install.ts';
import { type Invocation, startLambdaRuntime } from './lambda-runtime.ts';

export interface LambdaFunction {
  invoke(event: unknown): Promise<Invocation>;
  /** What the function has logged. */
  log(): string;
  stop(): Promise<void>;
}

export interface FunctionOptions {
  /** Folder of the bundle. */
  directory: string;
  /** query.handler: the export `handler` of query.mjs. */
  handler: string;
  environment: NodeJS.ProcessEnv;
}

const TIMEOUT_MS = 120_000;
const LOG_CHARACTERS = 200_000;

/** Starts an instance; it takes one event at a time, as Lambda's instances do. */
export async function startFunction(options: FunctionOptions): Promise<LambdaFunction> {
  if (!available()['lambda-ric']) throw new Error('aws-lambda-ric is not installed: npm run services');
  const client = join(serviceDirectory('lambda-ric'), 'node_modules/aws-lambda-ric/bin/index.mjs');
  const runtime = await startLambdaRuntime({ timeoutMs: TIMEOUT_MS });
  const child = spawn(process.execPath, [client, options.handler], {
    cwd: options.directory,
    env: {
      ...options.environment,
      AWS_LAMBDA_RUNTIME_API: runtime.address,
      AWS_LAMBDA_FUNCTION_NAME: 'test',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '6144',
      LAMBDA_TASK_ROOT: options.directory,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-LOG_CHARACTERS);
    });
  }
  const ended = once(child, 'close');
  return {
    invoke: (event) =>
      Promise.race([
        runtime.invoke(event),
        ended.then(([code, signal]) => {
          throw new Error(`the function ended with ${code ?? signal}:\n${log}`);
        }),
      ]),
    log: () => log,
    stop: async () => {
      kill(child);
      await ended;
      await runtime.stop();
    },
  };
}

function kill(child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
}
