import { describe, expect, it } from 'vitest';
import { BlockragError, ERROR_STATUS, isBlockragError, toBlockragError } from '../../shared/errors.ts';

describe('BlockragError', () => {
  it('carries a code, its HTTP status, facts and a cause', () => {
    const cause = new Error('below');
    const error = new BlockragError('conflict', 'Changed meanwhile.', { cause, data: { index: 3 } });
    expect(error).toMatchObject({ name: 'BlockragError', code: 'conflict', status: 409, data: { index: 3 } });
    expect(error.cause).toBe(cause);
    expect(new BlockragError('internal', 'x')).not.toHaveProperty('cause');
  });

  it('has a status of an error for every code', () => {
    for (const [code, status] of Object.entries(ERROR_STATUS)) {
      expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(600);
    }
  });
});

describe('isBlockragError', () => {
  it('tells our errors, of any code or of one', () => {
    const error = new BlockragError('cancelled', 'x');
    expect(isBlockragError(error)).toBe(true);
    expect(isBlockragError(error, 'cancelled')).toBe(true);
    expect(isBlockragError(error, 'internal')).toBe(false);
    expect(isBlockragError(new Error('cancelled'))).toBe(false);
    expect(isBlockragError(undefined)).toBe(false);
  });
});

describe('toBlockragError', () => {
  it('leaves ours as they are', () => {
    const error = new BlockragError('not_found', 'x');
    expect(toBlockragError(error)).toBe(error);
  });

  it('knows an abort and a full disk', () => {
    expect(toBlockragError(AbortSignal.abort().reason).code).toBe('cancelled');
    for (const code of ['ENOSPC', 'EDQUOT']) {
      expect(toBlockragError(Object.assign(new Error(), { code })).code).toBe('storage_full');
    }
  });

  it.each([new Error('boom'), 'boom', { message: 'boom' }])(
    'keeps anything else as a cause: %j',
    (thrown) => {
      const error = toBlockragError(thrown);
      expect(error).toMatchObject({ code: 'internal', message: 'boom' });
      expect(error.cause).toBe(thrown);
    },
  );

  it.each([undefined, null, 0])('takes even %s', (thrown) => {
    expect(toBlockragError(thrown)).toMatchObject({ code: 'internal', message: String(thrown) });
  });
});
