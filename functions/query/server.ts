/** Serves the API over HTTP with Node. */
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { BlockragError } from '../../shared/errors.ts';
import type { EmbeddedBlockrag } from '../../shared/pipeline/embedded.ts';
import type { Logger } from '../../shared/telemetry.ts';
import { createApp, isLoopback } from './app.ts';

export interface ServerOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  maxDocumentBytes: number;
  logger: Logger;
}

export interface RunningServer {
  url: string;
  /** Takes no more requests and waits for those under way, a few seconds at most. */
  close(): Promise<void>;
}

const DRAIN_MS = 5_000;

/** @throws BlockragError `invalid_option` for an address beyond this machine, or one that is taken */
export async function startServer(
  blockrag: EmbeddedBlockrag,
  options: ServerOptions,
): Promise<RunningServer> {
  const { host, port } = options;
  if (!isLoopback(host)) {
    throw new BlockragError(
      'invalid_option',
      `Listening on ${host} would let other machines in, and there are no API keys yet: use 127.0.0.1.`,
    );
  }
  const app = createApp(blockrag, { ...options, loopbackOnly: true });
  const server = serve({ fetch: app.fetch, hostname: host, port });
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
    await blockrag.setUrl(url);
  } catch (error) {
    server.close();
    throw error;
  }
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        const timer = setTimeout(() => {
          if ('closeAllConnections' in server) server.closeAllConnections();
        }, DRAIN_MS);
        timer.unref();
        if ('closeIdleConnections' in server) server.closeIdleConnections();
      }),
  };
}
