/** `blockrag/server`: the REST API of an opened Blockrag, as a Hono app or listening on a port. */
import type { Blockrag } from '../blockrag.ts';
import { createApp } from './app.ts';
import { type RunningServer, type ServerOptions, startServer } from './server.ts';

export { BlockragError, type ErrorCode, isBlockragError } from '../errors.ts';
export type { RunningServer, ServerOptions } from './server.ts';

/**
 * The API as a Hono app, to be mounted in another or run on another runtime: `app.fetch(request)`. Every request needs
 * an API key. Limits and CORS are the settings that the Blockrag was opened with.
 * @param options.stopping aborted when requests under way are to end
 */
export function createServerApp(
  blockrag: Blockrag,
  options: { stopping?: AbortSignal } = {},
): ReturnType<typeof createApp> {
  const { stopping = new AbortController().signal } = options;
  return createApp(blockrag.core, { loopbackOnly: false, stopping });
}

/**
 * Serves the API with Node. On a loopback address it is open to programs of this machine until the first API key is
 * made; on any other address there must be a key. What killed processes have left is swept up now and once a day.
 * @throws BlockragError `invalid_option` for an address beyond this machine without keys, or a port that is taken
 * @example const server = await serve(await openBlockrag(), { host: '127.0.0.1', port: 8080 });
 */
export async function serve(blockrag: Blockrag, options: ServerOptions): Promise<RunningServer> {
  await blockrag.core.sweepDaily();
  return startServer(blockrag.core, options);
}
