/** API Gateway, REST: requests as the events that it sends, and answers as it reads them. */
import { Readable } from 'node:stream';
import type { Invocation } from '../../services/lambda-runtime.ts';
import { eventsOf, type ServerSentEvent } from '../product/server.ts';

export interface GatewayRequest {
  method?: string;
  path: string;
  key?: string;
  /** Sent as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
}

/** An event of a proxy integration, payload format 1.0. */
export function gatewayEvent({ method, path, key, body, headers = {} }: GatewayRequest) {
  const all: Record<string, string> = {
    host: 'api.test',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    ...headers,
  };
  const { pathname, searchParams } = new URL(path, 'https://api.test');
  const query = Object.fromEntries(searchParams);
  const httpMethod = method ?? (body === undefined ? 'GET' : 'POST');
  return {
    resource: '/{proxy+}',
    path: pathname,
    httpMethod,
    headers: all,
    multiValueHeaders: Object.fromEntries(Object.entries(all).map(([name, value]) => [name, [value]])),
    queryStringParameters: searchParams.size === 0 ? null : query,
    multiValueQueryStringParameters: null,
    pathParameters: { proxy: pathname.slice(1) },
    stageVariables: null,
    requestContext: { domainName: 'api.test', httpMethod, path: `/prod${pathname}`, stage: 'prod' },
    body: body === undefined ? null : JSON.stringify(body),
    isBase64Encoded: false,
  };
}

/** What the gateway sends to its client. */
export interface GatewayResponse {
  status: number;
  headers: Record<string, string>;
  /** The body in the pieces that the function sent. */
  pieces: AsyncIterable<Buffer>;
}

const INTEGRATION = 'application/vnd.awslambda.http-integration-response';
const DELIMITER = Buffer.alloc(8);
const MAX_PRELUDE_BYTES = 16_384;

/** An answer of `transferMode: STREAM`. @throws Error for what the gateway answers with 502 */
export async function streamedResponse(invocation: Invocation): Promise<GatewayResponse> {
  if (invocation.failed || !invocation.streamed || invocation.contentType !== INTEGRATION) {
    throw new Error(`no streamed answer: ${invocation.contentType} ${await textOf(invocation.chunks)}`);
  }
  const chunks = invocation.chunks[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  let end = -1;
  while (end < 0 && head.length < MAX_PRELUDE_BYTES) {
    const next = await chunks.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
    end = head.indexOf(DELIMITER);
  }
  if (end < 0) throw new Error(`an answer without the end of its metadata: ${head.toString()}`);
  const { statusCode, headers } = JSON.parse(head.subarray(0, end).toString()) as {
    statusCode: number;
    headers: Record<string, string>;
  };
  async function* pieces() {
    const first = head.subarray(end + DELIMITER.length);
    if (first.length > 0) yield first;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
  }
  return { status: statusCode, headers, pieces: pieces() };
}

/** An answer of `transferMode: BUFFERED`. @throws Error for what the gateway answers with 502 */
export async function bufferedResponse(
  invocation: Invocation,
): Promise<{ status: number; headers: Record<string, string>; text: string }> {
  const text = await textOf(invocation.chunks);
  if (invocation.failed || invocation.streamed) throw new Error(`no answer in one piece: ${text}`);
  const { statusCode, multiValueHeaders, body, isBase64Encoded } = JSON.parse(text) as {
    statusCode: number;
    multiValueHeaders: Record<string, string[]>;
    body: string;
    isBase64Encoded: boolean;
  };
  return {
    status: statusCode,
    headers: Object.fromEntries(
      Object.entries(multiValueHeaders).map(([name, [value = '']]) => [name, value]),
    ),
    text: isBase64Encoded ? Buffer.from(body, 'base64').toString() : body,
  };
}

export async function textOf(chunks: AsyncIterable<Buffer>): Promise<string> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all).toString();
}

/** Server-sent events in a body, as they come. */
export async function* eventsIn(pieces: AsyncIterable<Buffer>): AsyncGenerator<ServerSentEvent> {
  yield* eventsOf(new Response(Readable.toWeb(Readable.from(pieces)) as ReadableStream<Uint8Array>));
}
