/** A proxy on the loopback interface that does to a service's answers what a network does. */
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { type Fault, none } from './faults.ts';

/** One request that came in. */
export interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
}

export interface FaultProxy {
  endpoint: string;
  /** All requests since the start, in the order in which they came. */
  requests: SeenRequest[];
  /** Each fault meets one request: the next ones, in this order. Afterwards the proxy is faithful again. */
  inject(...faults: Fault[]): void;
  /** How many of the injected faults have met no request yet. */
  pending(): number;
  stop(): Promise<void>;
}

/** A service's whole answer. */
interface Answer {
  status: number;
  /** Names and values in turn. */
  headers: string[];
  body: Buffer;
}

/**
 * Starts a proxy in front of a service. The host header passes unchanged: a client of the proxy signs for the
 * proxy's host, and the services check the signature against that header.
 * @param endpoint the service's, as http://127.0.0.1:port
 */
export async function startFaultProxy(endpoint: string): Promise<FaultProxy> {
  const target = new URL(endpoint);
  const agent = new Agent({ keepAlive: true });
  const requests: SeenRequest[] = [];
  const faults: Fault[] = [];
  const ended = new AbortController();

  async function forward(incoming: IncomingMessage, body: Buffer): Promise<Answer> {
    const outgoing = request({
      agent,
      host: target.hostname,
      port: target.port,
      method: incoming.method!,
      path: incoming.url!,
      headers: withoutExpect(incoming.rawHeaders),
    });
    outgoing.end(body);
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    return { status: response.statusCode!, headers: response.rawHeaders, body: await buffer(response) };
  }

  async function exchange(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    requests.push({ method: incoming.method!, path: incoming.url!, headers: incoming.headers });
    const fault = faults.shift() ?? none();
    const body = await buffer(incoming);
    if (fault.kind === 'reset') incoming.socket.resetAndDestroy();
    else if (fault.kind === 'answer') send(response, fault);
    else {
      const answer = await forward(incoming, body);
      if (fault.kind === 'none') send(response, answer);
      else await spoil(response, answer, fault, ended.signal);
    }
  }

  const server = createServer((incoming, response) => {
    // A client that has given up, or the service's end: the client sees a broken connection either way.
    exchange(incoming, response).catch(() => incoming.socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    inject: (...more) => void faults.push(...more),
    pending: () => faults.length,
    stop: async () => {
      ended.abort();
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await once(server, 'close');
    },
  };
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers).end(body);
}

/** Passes on a service's answer, but not as it is. */
async function spoil(
  response: ServerResponse,
  answer: Answer,
  fault: Exclude<Fault, { kind: 'none' | 'reset' | 'answer' }>,
  signal: AbortSignal,
): Promise<void> {
  const { status, headers, body } = answer;
  switch (fault.kind) {
    case 'lose':
      response.socket?.resetAndDestroy();
      break;
    case 'shorten': {
      const names = headers.map((header, i) => (i % 2 === 0 ? header.toLowerCase() : ''));
      const at = names.indexOf('content-length') + 1;
      send(response, {
        status,
        headers: headers.with(at, String(fault.bytes)),
        body: body.subarray(0, fault.bytes),
      });
      break;
    }
    case 'corrupt': {
      const changed = Buffer.from(body);
      changed[fault.at]! ^= 1;
      send(response, { status, headers, body: changed });
      break;
    }
    case 'truncate':
      response
        .writeHead(status, headers)
        .write(body.subarray(0, fault.bytes), () => response.socket?.destroy());
      break;
    case 'stall':
      if (fault.bytes > 0) response.writeHead(status, headers).write(body.subarray(0, fault.bytes));
      await delay(fault.ms, undefined, { signal });
      if (fault.bytes > 0) response.end(body.subarray(fault.bytes));
      else send(response, answer);
  }
}

/** Node's server has answered "Expect: 100-continue" already; the header is never signed. */
function withoutExpect(headers: string[]): string[] {
  return headers.filter((_, i) => headers[i - (i % 2)]!.toLowerCase() !== 'expect');
}
