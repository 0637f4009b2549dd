/** Errors as RFC 9457 problem+json, with the stable code of shared/errors.ts. */

import { HTTPException } from 'hono/http-exception';
import { BlockragError, toBlockragError } from '../../shared/errors.ts';

export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  [fact: string]: unknown;
}

export function toProblem(thrown: unknown): Problem {
  const error = fromThrown(thrown);
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

export function problemResponse(problem: Problem): Response {
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: { 'content-type': 'application/problem+json' },
  });
}

function fromThrown(thrown: unknown): BlockragError {
  if (thrown instanceof HTTPException) {
    if (thrown.status === 413) return new BlockragError('document_too_large', 'The request is too large.');
    return new BlockragError('invalid_request', thrown.message || 'The request cannot be read.');
  }
  return toBlockragError(thrown);
}
