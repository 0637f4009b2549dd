/** Proxies before S3 and DynamoDB that count what AWS would bill. */
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Requests } from '../../../infra/costs/measured.ts';
import type { Cloud } from './cloud.ts';

export interface Counted {
  /** The environment of the cloud, by way of the proxies. */
  environment: Record<string, string>;
  /** What was asked since the last call. */
  take(): Requests;
  stop(): Promise<void>;
}

const NONE: Requests = { s3Gets: 0, s3Puts: 0, dynamoReads: 0, dynamoWrites: 0 };

export async function startCounted({ environment }: Cloud): Promise<Counted> {
  let counts = { ...NONE };
  const s3 = await startProxy(environment.AWS_ENDPOINT_URL_S3!, {
    seen({ method, url = '' }) {
      // A deletion is free; a list is billed as a put.
      if (method === 'GET' || method === 'HEAD') counts[/[?&]list-type=/.test(url) ? 's3Puts' : 's3Gets']++;
      else if (method !== 'DELETE') counts.s3Puts++;
    },
  });
  const dynamo = await startProxy(environment.AWS_ENDPOINT_URL_DYNAMODB!, {
    // DynamoDB Local does not check signatures, so that it can be asked for units, which the code does not need.
    rewrite: (body) => Buffer.from(JSON.stringify({ ...parse(body), ReturnConsumedCapacity: 'TOTAL' })),
    seen({ headers }, answer) {
      const target = String(headers['x-amz-target']);
      const reads = /\.(Query|Scan|GetItem|BatchGetItem|TransactGetItems)$/.test(target);
      counts[reads ? 'dynamoReads' : 'dynamoWrites'] += unitsOf(parse(answer));
    },
  });
  return {
    environment: {
      ...environment,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
    },
    take() {
      const taken = counts;
      counts = { ...NONE };
      return taken;
    },
    async stop() {
      await Promise.all([s3.stop(), dynamo.stop()]);
    },
  };
}

interface Consumed {
  CapacityUnits?: number;
}

const parse = (body: Buffer) => JSON.parse(body.toString() || '{}') as Record<string, unknown>;

function unitsOf({ ConsumedCapacity: consumed }: { ConsumedCapacity?: unknown }): number {
  const all = (Array.isArray(consumed) ? consumed : [consumed ?? {}]) as Consumed[];
  return all.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
}

interface Hooks {
  rewrite?: (body: Buffer) => Buffer;
  seen(request: IncomingMessage, answer: Buffer): void;
}

async function startProxy(service: string, { rewrite = (body) => body, seen }: Hooks) {
  const { hostname: host, port } = new URL(service);
  const agent = new Agent({ keepAlive: true });
  const server = createServer(async (incoming, response) => {
    try {
      const body = rewrite(await buffer(incoming));
      const { 'content-length': _, expect: __, 'transfer-encoding': ___, ...headers } = incoming.headers;
      const outgoing = request({
        ...{ agent, host, port, method: incoming.method!, path: incoming.url! },
        headers: { ...headers, ...(body.length > 0 && { 'content-length': body.length }) },
      });
      outgoing.end(body);
      const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
      const whole = await buffer(answer);
      seen(incoming, whole);
      response.writeHead(answer.statusCode!, answer.rawHeaders).end(whole);
    } catch {
      incoming.socket.destroy();
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await once(server, 'close');
    },
  };
}
