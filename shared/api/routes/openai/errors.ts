/** Errors in OpenAI's shape, with our codes. */
import { z } from 'zod';
import type { ErrorCode } from '../../../errors.ts';
import type { Problem } from '../../problem.ts';
import { COMMON_CODES, failures } from '../../route.ts';

const ROUTES = /^\/v1\/(models|chat|embeddings)(\/|$)/;

/** Whether a path is one of those whose clients know OpenAI's errors. */
export function isOpenAi(path: string): boolean {
  return ROUTES.test(path);
}

const TYPES: Record<number, string> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
};

/** What OpenAI clients make an APIError of: { error: { message, type, param, code } }. */
export function toOpenAiError({ status, code, detail, field }: Problem) {
  const type = TYPES[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error');
  const param = typeof field === 'string' && field !== '' ? field : null;
  return { error: { message: detail, type, param, code } };
}

/** The error answers of a route, by status, in OpenAI's shape. */
export function openAiProblems(...codes: ErrorCode[]): NonNullable<unknown> {
  return failures([...COMMON_CODES, ...codes], 'application/json', (those) =>
    z.object({
      error: z.object({
        message: z.string(),
        type: z.string(),
        param: z.string().nullable().meta({ description: 'The field that is wrong.' }),
        code: z.enum(those),
      }),
    }),
  );
}
