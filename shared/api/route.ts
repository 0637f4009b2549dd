/** What every route is made of: an empty set of routes, and the parts of a route's description. */
import { OpenAPIHono, type RouteConfig } from '@hono/zod-openapi';
import type { Handler, MiddlewareHandler } from 'hono';
import { z } from 'zod';
import type { Scope } from '../access/keys.ts';
import { ERROR_STATUS, type ErrorCode } from '../errors.ts';
import type { ApiEnv } from './context.ts';
import { needsScope } from './middleware/authenticate.ts';
import { refuseInvalid } from './schemas/requests.ts';

export type Api = OpenAPIHono<ApiEnv>;

/** An empty set of routes; what their schemas refuse is `invalid_request`. */
export function newRoutes(): Api {
  return new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (!result.success) refuseInvalid(result.error);
    },
  });
}

/** Adds a route that reads its body itself: it is described as the others are, but nothing is read for it. */
export function addUnread(
  routes: Api,
  route: RouteConfig & { middleware: MiddlewareHandler<ApiEnv> },
  handler: Handler<ApiEnv>,
): void {
  routes.openAPIRegistry.registerPath(route);
  routes.on(route.method, route.path.replaceAll(/\{(\w+)\}/g, ':$1'), route.middleware, handler);
}

/** The scope that a route asks for: checked, and described. */
export function access(scope: Scope) {
  return {
    middleware: needsScope(scope),
    security: [{ bearer: [] as string[] }],
    'x-blockrag-scope': scope,
  };
}

/** A JSON body or answer. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

/** Server-sent events: each with one of these names, or with none. */
export function events(...names: string[]) {
  const data = z.string().meta({ description: 'JSON.' });
  const schema = names.length === 0 ? z.object({ data }) : z.object({ event: z.enum(names), data });
  return { 'text/event-stream': { schema } };
}

/** Codes that any route with access control may answer with. */
export const COMMON_CODES = [
  'invalid_request',
  'request_too_slow',
  'unauthorized',
  'forbidden',
  'scope_missing',
  'rate_limited',
  'internal',
  'overloaded',
  'shutting_down',
] as const satisfies ErrorCode[];

/** Codes that a question may be refused with besides those. */
export const QUESTION_CODES = [
  'question_empty',
  'question_too_long',
  'prompt_too_long',
  'collection_not_found',
  'no_documents',
  'index_rebuilding',
  'request_too_large',
  'unsupported_media_type',
  'request_timeout',
] as const satisfies ErrorCode[];

const problemSchema = (codes: readonly string[]) =>
  z.looseObject({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    code: z.enum(codes).meta({ description: 'Stable: programs may rely on it.' }),
    detail: z.string().meta({ description: 'What is wrong and what to do, for people.' }),
  });

const withStatus = (codes: readonly ErrorCode[]) =>
  codes.map((code) => ({ code, status: ERROR_STATUS[code] }));

/**
 * The error answers of a route, by status, as problem+json (RFC 9457).
 * @param codes what the route may answer with besides the codes that all have
 */
export function problems(...codes: ErrorCode[]): NonNullable<unknown> {
  return failures(withStatus([...COMMON_CODES, ...codes]), 'application/problem+json', problemSchema);
}

/** Error answers by status, in any shape. The handlers throw them: types need not know. */
export function failures(
  codes: readonly { code: string; status: number }[],
  mediaType: string,
  schemaOf: (codes: readonly string[]) => z.ZodType,
): NonNullable<unknown> {
  const statuses = [...new Set(codes.map(({ status }) => status))];
  return Object.fromEntries(
    statuses.map((status) => {
      const those = [...new Set(codes.filter((one) => one.status === status).map(({ code }) => code))];
      return [
        status,
        { description: those.join(', '), content: { [mediaType]: { schema: schemaOf(those) } } },
      ];
    }),
  );
}

/** As `problems`, for the few routes without access control. */
export function openProblems(...codes: ErrorCode[]): NonNullable<unknown> {
  return failures(withStatus(['internal', ...codes]), 'application/problem+json', problemSchema);
}
