/** Jobs on AWS Batch. Nothing stands in for Batch: a server that answers as its API reference says takes the requests. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openBatchJobs } from '../../shared/storage/jobs/batch.ts';
import type { JobQueue } from '../../shared/storage/ports.ts';

/** Jobs by state, in pages of two. */
const LISTED: Record<string, string[]> = { RUNNABLE: ['a', 'b', 'c'], RUNNING: ['d'], FAILED: ['e'] };
const PAGE = 2;

describe('jobs on Batch', () => {
  let server: Server;
  let jobs: JobQueue;
  let refuses = false;
  const requests: { path: string | undefined; body: Record<string, string> }[] = [];
  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const body = (await json(request)) as Record<string, string>;
      requests.push({ path: request.url, body });
      response.setHeader('content-type', 'application/json');
      if (refuses) {
        response.setHeader('x-amzn-errortype', 'ClientException');
        response.writeHead(400).end(JSON.stringify({ message: 'JobQueue q not found' }));
      } else if (request.url === '/v1/submitjob') {
        response.end(JSON.stringify({ jobId: 'id', jobName: body.jobName }));
      } else {
        const from = Number(body.nextToken ?? 0);
        const names = LISTED[body.jobStatus!] ?? [];
        const jobSummaryList = names.slice(from, from + PAGE).map((jobName) => ({ jobId: jobName, jobName }));
        const more = from + PAGE < names.length ? { nextToken: String(from + PAGE) } : {};
        response.end(JSON.stringify({ jobSummaryList, ...more }));
      }
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    vi.stubEnv('AWS_ENDPOINT_URL_BATCH', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    vi.stubEnv('AWS_REGION', 'us-east-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  beforeEach(() => {
    jobs = openBatchJobs({ queue: 'arn:queue', definition: 'arn:definition:7' });
    requests.length = 0;
    refuses = false;
  });
  afterEach(() => jobs.close());

  it('submits a job of the definition to the queue', async () => {
    await jobs.submit();
    expect(requests).toEqual([
      {
        path: '/v1/submitjob',
        body: { jobName: 'blockrag-precompute', jobQueue: 'arn:queue', jobDefinition: 'arn:definition:7' },
      },
    ]);
  });

  it('counts the jobs that have not ended, on all pages', async () => {
    expect(await jobs.active(10)).toBe(4);
    const states = requests.map(({ body }) => body.jobStatus);
    expect([...new Set(states)].sort()).toEqual(['PENDING', 'RUNNABLE', 'RUNNING', 'STARTING', 'SUBMITTED']);
    expect(requests.every(({ path, body }) => path === '/v1/listjobs' && body.jobQueue === 'arn:queue')).toBe(
      true,
    );
  });

  it('asks no further than it must', async () => {
    expect(await jobs.active(1)).toBe(1);
    expect(new Set(requests.map(({ body }) => body.jobStatus)).size).toBeLessThan(5);
  });

  it('what Batch refuses is an error that says what it says', async () => {
    refuses = true;
    const expected = { code: 'storage_failed', message: expect.stringContaining('JobQueue q not found') };
    await expect(jobs.submit()).rejects.toMatchObject(expected);
    await expect(jobs.active(10)).rejects.toMatchObject(expected);
  });
});
