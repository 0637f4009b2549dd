/**
 * Lambda's Runtime API on the loopback interface: hands events to a runtime and takes its answers, streamed or not.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** An answer as it comes from the runtime. */
export interface Invocation {
  /** Whether the runtime posted an error instead of a response. */
  failed: boolean;
  contentType: string;
  streamed: boolean;
  /** The body in the pieces in which it came; ends when the runtime has ended it. */
  chunks: AsyncIterable<Buffer>;
  /** Whether all of it has come. */
  whole(): boolean;
  /** After the last chunk: the error that a stream ended with, as its trailers name it. */
  trailers(): { errorType?: string; errorBody?: string };
}

export interface LambdaRuntime {
  /** host:port, as AWS_LAMBDA_RUNTIME_API has it. */
  address: string;
  /** Sends an event; resolves when the runtime begins to answer. @throws Error when it reports that it cannot start */
  invoke(event: unknown): Promise<Invocation>;
  stop(): Promise<void>;
}

const API = '/2018-06-01/runtime';
const ERROR_TYPE = 'lambda-runtime-function-error-type';
const ERROR_BODY = 'lambda-runtime-function-error-body';

interface Waiting {
  id: string;
  body: string;
  answered(invocation: Invocation): void;
  refused(error: Error): void;
}

/** @param options.timeoutMs of an invocation, as the runtime is told */
export async function startLambdaRuntime(options: { timeoutMs: number }): Promise<LambdaRuntime> {
  /** Events that no runtime has taken, and runtimes that wait for one. */
  const events: Waiting[] = [];
  const idle: ServerResponse[] = [];
  const running = new Map<string, Waiting>();
  let broken: Error | undefined;

  function deliver(): void {
    while (idle.length > 0 && events.length > 0) {
      const event = events.shift()!;
      running.set(event.id, event);
      idle
        .shift()!
        .writeHead(200, {
          'content-type': 'application/json',
          'lambda-runtime-aws-request-id': event.id,
          'lambda-runtime-deadline-ms': String(Date.now() + options.timeoutMs),
          'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:us-east-1:000000000000:function:test',
          'lambda-runtime-trace-id': 'Root=1-00000000-000000000000000000000000;Sampled=0',
        })
        .end(event.body);
    }
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    if (path === `${API}/invocation/next`) {
      idle.push(response);
      return deliver();
    }
    if (path === `${API}/init/error`) {
      broken = new Error(`the function cannot start: ${await text(request)}`);
      for (const event of [...running.values(), ...events.splice(0)]) event.refused(broken);
    }
    const [, id = '', kind] = /\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    const event = running.get(id);
    if (event !== undefined) {
      running.delete(id);
      event.answered(toInvocation(request, kind === 'error'));
      // Else the runtime, which waits for this, would come for the next event before the answer was read.
      await once(request, 'end');
    }
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}');
  }

  // A connection stays open as Lambda's does: closed by Node's 5 s, it may end as the runtime answers over it.
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    handle(request, response).catch(() => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    invoke: (event) =>
      new Promise<Invocation>((answered, refused) => {
        if (broken !== undefined) return refused(broken);
        events.push({ id: randomUUID(), body: JSON.stringify(event), answered, refused });
        deliver();
      }),
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function toInvocation(request: IncomingMessage, failed: boolean): Invocation {
  const { headers } = request;
  return {
    failed,
    contentType: headers['content-type'] ?? '',
    streamed: headers['lambda-runtime-function-response-mode'] === 'streaming',
    chunks: request,
    whole: () => request.complete,
    trailers() {
      const { [ERROR_TYPE]: errorType, [ERROR_BODY]: body } = request.trailers;
      return {
        ...(errorType === undefined ? {} : { errorType }),
        ...(body === undefined ? {} : { errorBody: Buffer.from(body, 'base64').toString() }),
      };
    },
  };
}
