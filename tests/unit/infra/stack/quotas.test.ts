import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { parseStackOptions } from '../../../../infra/stack/osls.ts';
import { concurrencyLimit, quotaProblem } from '../../../../infra/stack/quotas.ts';

const prod = (...params: string[]) =>
  parseStackOptions(['--stage', 'prod', ...params.flatMap((param) => ['--param', param])]);
const SMALL = ['queryMemory=3008', 'precomputeMemory=3008', 'threads=1'];

describe('the quotas of an account', () => {
  it('are enough where a thousand functions may run', () => {
    expect(quotaProblem(prod(), 1000)).toBeUndefined();
    expect(quotaProblem(prod('queryConcurrency=899'), 1000)).toBeUndefined();
  });

  it('are too small for what is set aside, which is told with what to do', () => {
    expect(quotaProblem(prod('queryConcurrency=900'), 1000)).toContain('--param reserve=none');
    expect(quotaProblem(prod(), 10)).toContain('may run 10 functions at once');
  });

  it('are too small for the memory of a young account', () => {
    expect(quotaProblem(prod('reserve=none'), 10)).toContain('3008 MB, and this stage has 7076');
    expect(quotaProblem(prod('reserve=none', ...SMALL), 10)).toBeUndefined();
    expect(quotaProblem(prod('reserve=none'), 1000)).toBeUndefined();
  });

  it('do not let more instances be warm than may run', () => {
    expect(quotaProblem(prod('queryProvisioned=21'), 1000)).toContain('queryProvisioned=21');
    expect(quotaProblem(prod('reserve=none', 'queryProvisioned=11', ...SMALL), 10)).toContain('10 functions');
  });

  it('have room for what servers do not need', () => {
    expect(quotaProblem(prod('serving=ecs'), 101)).toBeUndefined();
    expect(quotaProblem(prod('serving=ecs'), 100)).toContain('setting aside 1 ');
    expect(quotaProblem(prod('serving=ecs', 'queryProvisioned=50'), 1000)).toBeUndefined();
  });

  it('are not those of the stand-in', () => {
    expect(quotaProblem(parseStackOptions(['--stage', 'local']), 10)).toBeUndefined();
  });

  it('are compared with what the template takes by default', () => {
    const file = join(resolve(import.meta.dirname, '../../../..'), 'serverless.yml');
    const { params } = parse(readFileSync(file, 'utf8'), { logLevel: 'silent' });
    const { queryConcurrency, queryProvisioned, queryMemory, precomputeMemory } = params.default;
    expect({ queryConcurrency, queryProvisioned, queryMemory, precomputeMemory }).toEqual({
      ...{ queryConcurrency: 20, queryProvisioned: 0, queryMemory: 7076, precomputeMemory: 7076 },
    });
    expect(quotaProblem(prod(), 121)).toBeUndefined();
    expect(quotaProblem(prod(), 120)).toContain('setting aside 21');
  });
});

describe('the limit of the account', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('is what Lambda says', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ AccountLimit: { ConcurrentExecutions: 10 } }));
    }).listen(0, '127.0.0.1');
    await new Promise((ready) => server.once('listening', ready));
    vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
    try {
      expect(await concurrencyLimit('us-east-1')).toBe(10);
      expect(asked).toEqual([expect.stringContaining('/account-settings')]);
    } finally {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    }
  });
});
