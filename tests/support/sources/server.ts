/** Loopback HTTP servers that stand for the hub and its CDN. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A server for one test; what it is asked is in `requests`. */
export async function serve(handler: Handler) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    handler(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  onTestFinished(close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, close };
}

/**
 * Answers with a file as a good server does: Range, If-Range and 416.
 * @param cut breaks the connection after so many bytes of the body, when the client has had time to read them:
 * that of Node 24 forgets what it has not handed on
 */
export function serveFile(
  content: Buffer,
  { etag, cut, headers = {} }: { etag?: string; cut?: number; headers?: Record<string, string> } = {},
): Handler {
  return (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const stale = request.headers['if-range'] !== undefined && request.headers['if-range'] !== etag;
    const start = stale ? 0 : from;
    const tag: Record<string, string> = etag === undefined ? {} : { etag };
    if (start > 0 && start >= content.length) {
      response.writeHead(416, { ...tag, ...headers, 'content-range': `bytes */${content.length}` }).end();
      return;
    }
    const body = content.subarray(start);
    const range = { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` };
    response.writeHead(start > 0 ? 206 : 200, {
      ...tag,
      ...headers,
      ...(start > 0 ? range : {}),
      'content-length': body.length,
    });
    if (cut === undefined) response.end(body);
    else response.write(body.subarray(0, cut), () => setTimeout(() => response.destroy(), 200));
  };
}
