/** POST /mcp: the tools for agents, by the Model Context Protocol's streamable HTTP. */
import { Blockrag } from '../../blockrag.ts';
import { BlockragError } from '../../errors.ts';
import type { System } from '../../pipeline/system.ts';
import { isJson } from '../bodies/media-type.ts';
import { needsScope } from '../middleware/authenticate.ts';
import { type Api, newRoutes } from '../route.ts';
import type { RunWork } from '../work.ts';

/** Not part of the description: its requests and answers are the protocol's. Nothing is kept between requests. */
export function mcpRoutes(system: System, run: RunWork): Api {
  const routes = newRoutes();
  routes.post('/mcp', needsScope('read'), async (c) => {
    if (!isJson(c.req.header('content-type'))) {
      throw new BlockragError('unsupported_media_type', 'Messages of the protocol are application/json.');
    }
    const { url, raw } = c.req;
    const request = new Request(url, { method: 'POST', headers: raw.headers, body: await c.req.text() });
    // Loaded when the first agent comes: most servers have none.
    const { answerMcp } = await import('../../mcp/http.ts');
    const source = new Blockrag(system, c.get('caller').tenant);
    return run(c, (signal) => answerMcp(source, request, signal));
  });
  return routes;
}
