/** Serves the API over HTTP with Node. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { KeyUse } from '../access/key-use.ts';
import { BlockragError } from '../errors.ts';
import type { System } from '../pipeline/system.ts';
import { createApp } from './app.ts';
import { isLoopback } from './middleware/foreign-hosts.ts';

export interface ServerOptions {
  /** Address to listen on: `127.0.0.1`. */
  host: string;
  /** 0: any free one. */
  port: number;
}

export interface RunningServer {
  url: string;
  /** Takes no more requests; those under way have `drainMs`, then they end as `shutting_down`. */
  close(): Promise<void>;
}

/** Time for an answer that was ended to say so. */
const FAREWELL_MS = 2_000;
/** How often connections without a request are looked for while it stops. */
const IDLE_MS = 100;
/** Time for the headers of a request. */
const HEADERS_MS = 20_000;
/** Beyond the time of a request, in which no byte need come. */
const SILENCE_MS = 30_000;

/**
 * @throws BlockragError `invalid_option` for an address that is taken, or one beyond this machine while there are no
 * keys and none are required
 */
export async function startServer(system: System, options: ServerOptions): Promise<RunningServer> {
  const { host, port } = options;
  const loopbackOnly = isLoopback(host);
  const { access, blobs, logger } = system.services;
  const noKeys = (await access.keys.list()).length === 0;
  const { requireKeys } = system.config;
  if (noKeys && !loopbackOnly && !requireKeys) {
    const message = `Listening on ${host} lets other machines in, and there are no API keys yet: make one (blockrag keys add), or use 127.0.0.1.`;
    throw new BlockragError('invalid_option', message);
  }
  if (noKeys && (await new KeyUse(access.keys, blobs, { required: requireKeys }).required())) {
    logger.error(
      { code: 'unauthorized' },
      'keys are required, but there are none: blockrag keys add makes one',
    );
  }
  const stopping = new AbortController();
  const app = createApp(system, { loopbackOnly, stopping: stopping.signal });
  const server = serve({ fetch: app.fetch, hostname: host, port }) as Server;
  // Nothing came and nothing was taken for so long: who does not read an answer is gone, too.
  server.setTimeout(system.config.requestTimeoutMs + SILENCE_MS);
  server.headersTimeout = HEADERS_MS;
  server.keepAliveTimeout = system.config.keepAliveMs;
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken =
        cause.code === 'EADDRINUSE' ? `Port ${port} is taken: choose another with --port.` : cause.message;
      reject(new BlockragError('invalid_option', taken, { cause }));
    });
  });
  const { port: bound } = server.address() as AddressInfo;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  try {
    await system.setUrl(url);
  } catch (error) {
    server.close();
    throw error;
  }
  return {
    url,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // Those that become idle now, too: a client may keep its connection for long.
      const idle = setInterval(() => server.closeIdleConnections(), IDLE_MS);
      const { drainMs } = system.config;
      const timers = [
        idle,
        setTimeout(() => stopping.abort(), drainMs),
        setTimeout(() => server.closeAllConnections(), drainMs + FAREWELL_MS),
      ];
      await closed;
      timers.forEach(clearTimeout);
      // Who closes the whole system at once has given the directory back by then.
      await system.setUrl(undefined).catch(() => {});
    },
  };
}
