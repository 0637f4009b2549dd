/** A local server without keys answers programs on this machine, but not web pages of other sites in its browser. */
import type { HonoRequest } from 'hono';
import { BlockragError } from '../../errors.ts';

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * Refuses requests for another host name (DNS rebinding) and those of foreign pages (cross-site posts).
 * @throws BlockragError `forbidden`
 */
export function refuseForeignPages(request: HonoRequest, allowedOrigins: readonly string[]): void {
  const origin = request.header('origin');
  const welcome = origin === undefined || allowedOrigins.includes(origin) || isLoopbackOrigin(origin);
  if (isLoopback(new URL(request.url).hostname) && welcome) return;
  throw new BlockragError('forbidden', 'This server answers only pages and programs of this machine.');
}

function isLoopbackOrigin(origin: string): boolean {
  return URL.canParse(origin) && isLoopback(new URL(origin).hostname);
}
