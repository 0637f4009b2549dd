/** The Model Context Protocol over HTTP, without sessions: each request is answered by itself. */
import { createMcpHandler } from '@modelcontextprotocol/server';
import { createMcpServer, type McpSource } from './server.ts';

/**
 * Answers one request, whole: its work is over when this resolves.
 * @param signal ends the work
 */
export async function answerMcp(source: McpSource, request: Request, signal: AbortSignal): Promise<Response> {
  const handler = createMcpHandler(() => createMcpServer(source, { signal }), {
    responseMode: 'json',
    // Nothing changes that a client could be told of.
    maxSubscriptions: 0,
    keepAliveMs: 0,
  });
  const close = () => void handler.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    const { body, status, headers } = await handler.fetch(request);
    return new Response(body === null ? null : await new Response(body).text(), { status, headers });
  } finally {
    signal.removeEventListener('abort', close);
    close();
  }
}
