import { HTTPException } from 'hono/http-exception';
import { describe, expect, it } from 'vitest';
import { headersOf, toProblem } from '../../../shared/api/problem.ts';
import { BlockragError, ERROR_STATUS, type ErrorCode } from '../../../shared/errors.ts';

describe('toProblem', () => {
  it.each(Object.entries(ERROR_STATUS))('answers %s with its status %i', (code, status) => {
    const problem = toProblem(new BlockragError(code as ErrorCode, 'What is wrong.'));
    expect(problem).toMatchObject({ type: 'about:blank', status, code, title: code.replaceAll('_', ' ') });
  });

  it('gives the facts of an error, which cannot pass for its code or status', () => {
    const data = { length: 20, max: 10, code: 'hidden', status: 200 };
    expect(toProblem(new BlockragError('question_too_long', 'Too long.', { data }))).toMatchObject({
      length: 20,
      max: 10,
      code: 'question_too_long',
      status: 413,
      detail: 'Too long.',
    });
  });

  it('keeps what is inside an unexpected error to itself', () => {
    const problem = toProblem(new TypeError('/home/someone/secret is undefined'));
    expect(problem).toMatchObject({ status: 500, code: 'internal' });
    expect(JSON.stringify(problem)).not.toContain('secret');
  });

  it('takes what the HTTP framework throws', () => {
    expect(toProblem(new HTTPException(413)).code).toBe('request_too_large');
    expect(toProblem(new HTTPException(415)).code).toBe('unsupported_media_type');
    expect(toProblem(new HTTPException(400, { message: 'Malformed.' }))).toMatchObject({
      code: 'invalid_request',
      detail: 'Malformed.',
    });
  });

  it('tells in headers how to authenticate and when to try again', () => {
    const headers = (code: ErrorCode, data = {}) =>
      headersOf(toProblem(new BlockragError(code, 'What is wrong.', { data })));
    expect(headers('unauthorized')).toHaveProperty('www-authenticate');
    expect(headers('rate_limited', { retryAfter: 6.2 })).toEqual({ 'retry-after': '7' });
    expect(headers('overloaded')).toEqual({ 'retry-after': '1' });
    expect(headers('conflict')).toEqual({});
  });
});
