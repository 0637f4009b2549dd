/** Errors as RFC 9457 problem+json, with the stable code of shared/errors.ts. */

import { HTTPException } from 'hono/http-exception';
import { BlockragError, type ErrorCode, toBlockragError } from '../errors.ts';

export interface Problem {
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  detail: string;
  [fact: string]: unknown;
}

export function toProblem(thrown: unknown): Problem {
  const error = toApiError(thrown);
  // What is inside an unexpected error is for the log, not for the client.
  const detail = error.code === 'internal' ? 'Something went wrong on our side.' : error.message;
  return {
    ...error.data,
    type: 'about:blank',
    title: error.code.replaceAll('_', ' '),
    status: error.status,
    code: error.code,
    detail,
  };
}

/** What HTTP itself says of an error: how to authenticate, when to try again. */
export function headersOf({ status, retryAfter }: Problem): Record<string, string> {
  if (status === 401) return { 'www-authenticate': 'Bearer realm="blockrag"' };
  if (status === 429 || status === 503) return { 'retry-after': String(Math.ceil(Number(retryAfter ?? 1))) };
  return {};
}

/** Any thrown value as one of our errors, those of the HTTP framework too. */
export function toApiError(thrown: unknown): BlockragError {
  if (thrown instanceof HTTPException) {
    if (thrown.status === 413) return new BlockragError('request_too_large', 'The request is too large.');
    if (thrown.status === 415) {
      const message = 'The body has a Content-Type that this route does not take, or none.';
      return new BlockragError('unsupported_media_type', message);
    }
    return new BlockragError('invalid_request', thrown.message || 'The request cannot be read.');
  }
  return toBlockragError(thrown);
}
