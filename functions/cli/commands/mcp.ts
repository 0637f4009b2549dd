/** blockrag mcp: the Model Context Protocol on stdin and stdout, for agents that start their servers. */
import { once } from 'node:events';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createMcpServer } from '../../../shared/mcp/server.ts';
import { openClient } from '../client.ts';
import type { CommonOptions } from '../options.ts';

/** Serves until stdin ends or the signal comes. What is printed on stdout is the protocol's alone. */
export async function mcp(
  options: CommonOptions & { collection?: string },
  signal: AbortSignal,
): Promise<number> {
  const client = await openClient(options, { command: 'mcp', quiet: true, signal });
  try {
    const { collection } = options;
    const server = serveStdio(() => createMcpServer(client, { collection, signal }));
    await Promise.race([
      once(process.stdin, 'close', { signal }).catch(() => {}),
      once(process.stdin, 'end', { signal }).catch(() => {}),
    ]);
    await server.close();
  } finally {
    await client.close();
  }
  return 0;
}
