/** The API over HTTP, on real stores whose documents stay in work: no model is needed. */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { openAccess } from '../../shared/access/index.ts';
import { type RunningServer, startServer } from '../../shared/api/server.ts';
import { type ConfigOverrides, defaultLimits, loadConfig } from '../../shared/config.ts';
import type { Services } from '../../shared/pipeline/services.ts';
import type { Settings } from '../../shared/pipeline/settings.ts';
import { System } from '../../shared/pipeline/system.ts';
import { openTestStores } from './stores.ts';

export interface ApiServer extends RunningServer {
  system: System;
  services: Services;
  /** A key of a tenant. */
  key(tenant: string): Promise<string>;
  fetch(path: string, init?: RequestInit & { key?: string | undefined }): Promise<Response>;
  /** A document that is never encoded. */
  queued(tenant?: string): Promise<string>;
  /** A connection on which a test writes what it likes. */
  socket(): Promise<Socket>;
  dispose(): Promise<void>;
}

/** @param change replaces parts of the services */
export async function startApi(
  options: ConfigOverrides = {},
  change: (services: Services) => Partial<Services> = () => ({}),
): Promise<ApiServer> {
  const opened = await openTestStores();
  const config = loadConfig(options, {});
  const services = {
    ...{ ...opened.services, maxDocumentBytes: config.maxDocumentBytes },
    access: openAccess(opened.services.catalog.table, defaultLimits(config)),
    ...change(opened.services),
  };
  const system = new System({
    ...{ services, config, settings: { model: 'test' } as Settings },
    ...{ stores: { ownership: undefined, close: async () => {} }, works: false, uploads: undefined },
  });
  const server = await startServer(system, { host: '127.0.0.1', port: 0 });
  const { hostname, port } = new URL(server.url);
  return {
    ...server,
    ...{ system, services },
    key: async (tenant) => {
      const scopes = ['read', 'write'];
      return (await services.access.keys.add({ tenant, name: 'a test', scopes })).key;
    },
    fetch: (path, { key, ...init } = {}) => {
      const headers = new Headers(init.headers);
      if (key !== undefined) headers.set('authorization', `Bearer ${key}`);
      return fetch(`${server.url}${path}`, { ...init, headers });
    },
    queued: async (tenant = 'default') => {
      const name = `${randomBytes(8).toString('hex')}.txt`;
      const bytes = new TextEncoder().encode(name);
      const document = { tenant, name, bytes, collection: 'default', mediaType: undefined };
      return (await system.add(document)).id;
    },
    socket: () =>
      new Promise((resolve, reject) => {
        const socket = connect(Number(port), hostname, () => resolve(socket));
        socket.on('error', reject);
      }),
    dispose: async () => {
      await server.close();
      await system.close();
      await opened.close();
    },
  };
}
