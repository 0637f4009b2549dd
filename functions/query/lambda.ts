/** An app as a Lambda behind API Gateway, whose every answer is one that the gateway can read. */
import { Hono } from 'hono';
import { handle, type LambdaContext, type LambdaEvent, streamHandle } from 'hono/aws-lambda';
import { toProblem } from '../../shared/api/problem.ts';
import type { Api } from '../../shared/api/route.ts';
import { BlockragError } from '../../shared/errors.ts';

/** What Lambda's runtime has put there before it loads a function. */
declare const awslambda: { streamifyResponse<T>(handler: T): T };

/** What API Gateway sends for a REST API (payload format 1.0). */
type GatewayEvent = Extract<LambdaEvent, { httpMethod: string; resource: string }>;

/** An event, the stream of the answer where there is one, and the context. */
type Handler = (event: GatewayEvent, ...rest: never[]) => unknown;

export interface LambdaOptions {
  /** Whether the answer goes to the gateway piece by piece (transferMode: STREAM). */
  streams: boolean;
  /** What paths begin with under a domain of one's own, and not under the gateway's. */
  basePath?: string;
  /** Called when a request was answered whole, before the instance may be frozen. */
  ended?: () => Promise<void>;
}

/**
 * Hono makes a request of an event before its error handling begins; where that fails, its answer lacks what the
 * gateway needs, and the client would see 502. So such events are answered here.
 */
export function lambdaHandler(app: Api, options: LambdaOptions): Handler {
  const adapt = (of: Hono) => (options.streams ? streamHandle(of) : handle(of)) as unknown as Handler;
  const answer = adapt(app as unknown as Hono);
  const refuse = adapt(new Hono().all('*', () => unreadable()));
  const handler: Handler = async (event, ...rest) => {
    const request = withoutBasePath(withoutUnusedBody(event), options.basePath ?? '');
    try {
      return await ((await isRequest(request)) ? answer(request, ...rest) : refuse(READABLE, ...rest));
    } finally {
      await options.ended?.();
    }
  };
  return options.streams ? awslambda.streamifyResponse(handler) : handler;
}

/** Such a body means nothing (RFC 9110, 9.3.1), and a Request cannot hold it. */
function withoutUnusedBody(event: GatewayEvent): GatewayEvent {
  return ['GET', 'HEAD'].includes(event.httpMethod) ? { ...event, body: null } : event;
}

function withoutBasePath(event: GatewayEvent, basePath: string): GatewayEvent {
  const prefix = `/${basePath}`;
  if (basePath === '' || (event.path !== prefix && !event.path.startsWith(`${prefix}/`))) return event;
  return { ...event, path: event.path.slice(prefix.length) || '/' };
}

const HELD = 204;
const probe = handle(new Hono().all('*', (c) => c.body(null, HELD)));

/** Whether Hono can make a request of it; a body never hinders. */
async function isRequest(event: GatewayEvent): Promise<boolean> {
  const { statusCode } = await probe({ ...event, body: null }, {} as LambdaContext);
  return statusCode === HELD;
}

const READABLE = {
  ...{ version: '1.0', httpMethod: 'GET', path: '/', resource: '/', headers: {}, multiValueHeaders: {} },
  ...{ body: null, isBase64Encoded: false, requestContext: { domainName: 'localhost' } },
} as unknown as GatewayEvent;

function unreadable(): Response {
  const problem = toProblem(new BlockragError('invalid_request', 'The request cannot be read.'));
  const headers = { 'content-type': 'application/problem+json' };
  return new Response(JSON.stringify(problem), { status: problem.status, headers });
}
