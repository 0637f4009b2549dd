/** Finds out who is calling, by API key; a local server without keys needs none. */

import type { Context, MiddlewareHandler } from 'hono';
import type { KeyUse } from '../../access/key-use.ts';
import { type KeyRing, requireScope, SCOPES, type Scope } from '../../access/keys.ts';
import { BlockragError } from '../../errors.ts';
import { DEFAULT_TENANT } from '../../pipeline/defaults.ts';
import type { Uploads } from '../../pipeline/intake/uploads.ts';
import { isConsole } from '../console/paths.ts';
import type { ApiEnv, Caller } from '../context.ts';
import { isUpload } from './body-limits.ts';
import { refuseForeignPages } from './foreign-hosts.ts';

export interface AccessOptions {
  /** Whether the server listens on this machine alone: then it is open as long as keys are not in use. */
  loopbackOnly: boolean;
  use: Pick<KeyUse, 'required'>;
  /** Origins of web pages that may call the API. */
  corsOrigins: readonly string[];
}

/** Routes that anyone may call. */
const OPEN = [/^\/healthz$/, /^\/openapi\.json$/, /^\/docs$/];

const ANYONE: Caller = { tenant: DEFAULT_TENANT, scopes: SCOPES, key: null };

/**
 * Finds out who asks and refuses strangers before a byte of their bodies is read: sets `caller`. Whoever has the URL
 * of an upload, with its token, is a caller without a scope.
 *
 * Where keys were never in use a server on loopback lets every program of this machine in as the default tenant, but
 * no web page of another site. From the first key on, revoked and lost ones included, each request needs one.
 */
export function authenticate(
  keys: KeyRing,
  uploads: Pick<Uploads, 'announced'>,
  options: AccessOptions,
): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    if (isConsole(c.req.path) || OPEN.some((path) => path.test(c.req.path))) return next();
    if (isUpload(c.req)) {
      const { tenant } = await uploads.announced(c.req.path.split('/').at(-1)!, c.req.query('token') ?? '');
      c.set('caller', { tenant, scopes: [], key: null });
      return next();
    }
    if (!options.loopbackOnly || (await options.use.required())) c.set('caller', await callerOf(keys, c));
    else {
      refuseForeignPages(c.req, options.corsOrigins);
      c.set('caller', ANYONE);
    }
    return next();
  };
}

async function callerOf(keys: KeyRing, c: Context): Promise<Caller> {
  const given = c.req.header('authorization');
  const [, key] = /^bearer +(\S+) *$/i.exec(given ?? '') ?? [];
  const row = key === undefined ? undefined : await keys.verify(key);
  if (row !== undefined) return { tenant: row.tenant, scopes: row.scopes, key: row.id };
  throw new BlockragError(
    'unauthorized',
    given === undefined
      ? 'An API key is needed: send the header "Authorization: Bearer brk_...".'
      : 'That is no API key, or one that was revoked.',
  );
}

/** Lets only callers with a scope through. @throws BlockragError `scope_missing` */
export function needsScope(scope: Scope): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    requireScope({ scopes: [...c.get('caller').scopes] }, scope);
    await next();
  };
}

/**
 * Whether a caller runs the whole system: an admin of the default tenant.
 * Figures of all tenants, and keys of other tenants, are for operators only.
 */
export function isOperator({ tenant, scopes }: Caller): boolean {
  return tenant === DEFAULT_TENANT && scopes.includes('admin');
}

/** @param what the figures of all tenants that are asked for @throws BlockragError `forbidden` */
export function requireOperator(caller: Caller, what: string): void {
  if (isOperator(caller)) return;
  const message = `${what} are of all tenants: an admin of the default one may read them.`;
  throw new BlockragError('forbidden', message);
}
