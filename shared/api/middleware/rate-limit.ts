/** Requests of a tenant per minute, counted across instances; every answer says what is left. */
import type { MiddlewareHandler } from 'hono';
import { BoundedMap } from '../../bounded.ts';
import { BlockragError } from '../../errors.ts';
import type { Services } from '../../pipeline/services.ts';
import type { ApiEnv } from '../context.ts';

const NAME = 'requests';
const WINDOW_SECONDS = 60;
/** A limit that was set holds after so long at most: it is not read for each request. */
const KNOWN_MS = 5_000;
const MAX_TENANTS = 10_000;

/** Header fields as in draft-ietf-httpapi-ratelimit-headers-10. @throws BlockragError `rate_limited` */
export function limitRate({
  access,
  metrics,
}: Pick<Services, 'access' | 'metrics'>): MiddlewareHandler<ApiEnv> {
  const known = new BoundedMap<string, { limit: number | undefined; until: number }>(MAX_TENANTS);
  const limitOf = async (tenant: string) => {
    const found = known.get(tenant);
    if (found !== undefined && Date.now() < found.until) return found.limit;
    const { requestsPerMinute: limit } = await access.limits.of(tenant);
    known.set(tenant, { limit, until: Date.now() + KNOWN_MS });
    return limit;
  };
  return async (c, next) => {
    const caller = c.get('caller');
    // Of an upload that was announced, the announcement counted.
    if (caller === undefined || caller.scopes.length === 0) return next();
    const limit = await limitOf(caller.tenant);
    if (limit === undefined) return next();
    const { allowed, remaining, resetSeconds, retryAfterSeconds } = await access.rates.take(caller.tenant, {
      name: NAME,
      limit,
      windowSeconds: WINDOW_SECONDS,
    });
    c.header('ratelimit-policy', `"${NAME}";q=${limit};w=${WINDOW_SECONDS}`);
    c.header('ratelimit', `"${NAME}";r=${remaining};t=${resetSeconds}`);
    if (allowed) return next();
    metrics.rateLimited();
    const message = `More than ${limit} requests in ${WINDOW_SECONDS} seconds: wait ${retryAfterSeconds} s.`;
    throw new BlockragError('rate_limited', message, { data: { limit, retryAfter: retryAfterSeconds } });
  };
}
