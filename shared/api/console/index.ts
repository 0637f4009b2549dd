/** The Console at `/`: static files, which anyone may read; what they show comes from the API, with a key. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Context } from 'hono';
import { BlockragError } from '../../errors.ts';
import type { ApiEnv } from '../context.ts';
import { type Api, newRoutes } from '../route.ts';
import { type ConsoleFiles, consoleFiles, PAGE } from './files.ts';

const TYPES: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  wasm: 'application/wasm',
};

/** Nothing inline, nothing evaluated, nothing from elsewhere. Pages of a PDF are drawn from blobs. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  // Of the standard fonts, which a PDF need not hold.
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
/** A worker has a policy of its own: that of PDF decodes images by WebAssembly. */
const FILE_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";

const COMPRESSED = /^(html|m?js|css|svg|wasm)$/;
const zipped = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

/** The Console's routes. They are not part of the API's description. */
export function consoleRoutes(): Api {
  const routes = newRoutes();
  routes.get('/', (c) => respond(c, PAGE));
  routes.get('/console/*', (c) => respond(c, c.req.path.slice(1)));
  return routes;
}

async function respond(c: Context<ApiEnv>, name: string): Promise<Response> {
  const files = await consoleFiles();
  const read = files.get(name);
  // Not c.notFound(), which would say that another method is taken.
  if (read === undefined) throw new BlockragError('not_found', `There is nothing at ${c.req.path}.`);
  const page = name === PAGE;
  const ending = name.slice(name.lastIndexOf('.') + 1);
  const zips = COMPRESSED.test(ending);
  const zip = zips && /\bgzip\b/.test(c.req.header('accept-encoding') ?? '');
  return c.body(await (zip ? compressed(files, name) : read()), 200, {
    'content-type': TYPES[ending] ?? 'application/octet-stream',
    'content-security-policy': page ? PAGE_POLICY : FILE_POLICY,
    'cache-control': page ? 'no-cache' : 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    ...(zips ? { vary: 'accept-encoding' } : {}),
    ...(zip ? { 'content-encoding': 'gzip' } : {}),
  });
}

/** A file as gzip, compressed once. */
function compressed(files: ConsoleFiles, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const known = zipped.get(name);
  if (known !== undefined) return known;
  const made = files.get(name)!()
    .then((bytes) => promisify(gzip)(bytes, { level: 9 }))
    .then((bytes) => new Uint8Array(bytes));
  zipped.set(name, made);
  return made;
}
