/** A large document is encoded by a job of Batch: the command of the deployed definition, stopped and killed. */
import { once } from 'node:events';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Dispatch } from '../../../shared/pipeline/work/dispatch.ts';
import { retrievalText } from '../../../shared/retrieval/embedder.ts';
import { describeWith } from '../../services/describe-with.ts';
import { bundleEntry } from '../../support/aws/artifact.ts';
import { CLOUD, type Cloud, DATA, startCloud } from '../../support/aws/cloud.ts';
import { cpuJob } from '../../support/aws/job.ts';
import { type Opened, openInProcess } from '../../support/aws/opened.ts';
import { type JobDefinition, type LocalJobQueue, openLocalJobs } from '../../support/local-jobs.ts';
import { testModel } from '../../support/models.ts';
import { manyPassages } from '../../support/product/texts.ts';

const KEY = 'documents/acme/default/notes.md';

describeWith(CLOUD, 'a job of Batch', () => {
  let cloud: Cloud;
  let opened: Opened;
  let jobs: LocalJobQueue;
  const exits: { code: number | null; signal: NodeJS.Signals | null; retried: boolean }[] = [];
  beforeAll(async () => {
    await testModel('w8a8');
    cloud = await startCloud({ BLOCKRAG_LOG: 'silent', BLOCKRAG_IDLE_MS: '5000', BLOCKRAG_LEASE_MS: '2000' });
    opened = await openInProcess(cloud, { works: false });
    jobs = openLocalJobs({
      definition: await cpuJob(cloud),
      directory: await bundleEntry('precompute', 'main'),
      environment: { ...process.env, ...cloud.environment },
      onExit: (exit) => void exits.push(exit),
    });
  });
  afterAll(async () => {
    await jobs?.close();
    await opened?.close();
    await cloud?.stop();
  });

  /**
   * Sends a signal once so many passages are encoded, in the middle of a batch: more blobs are stored than the
   * document counts. Waits for the end of the process.
   */
  async function interrupt(signal: 'SIGTERM' | 'SIGKILL', least: number): Promise<void> {
    for (;;) {
      const { encoded } = (await opened.document(KEY))!;
      const stored = (await cloud.objects(DATA, 'kv/acme/')).length;
      if (encoded >= least && stored > encoded + 1) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const [child] = jobs.processes();
    const ended = once(child!, 'exit');
    child!.kill(signal);
    await ended;
  }

  it('encodes every passage once, although it is stopped once and killed twice', async () => {
    await cloud.put(KEY, manyPassages(200, 0));
    const passages = await opened.follow(KEY);
    expect(passages).toBeGreaterThanOrEqual(200);
    const dispatch = new Dispatch({
      queue: opened.system.services.queue,
      bell: { ring: neverRung, close: async () => {} },
      jobs,
      jobPassages: 64,
    });
    await dispatch.callWorkers();
    // A second event finds the job that is there.
    await dispatch.callWorkers();
    expect(await jobs.active(10)).toBe(1);

    await interrupt('SIGTERM', 40);
    await interrupt('SIGKILL', 80);
    await interrupt('SIGKILL', 120);
    await jobs.idle();
    expect(exits).toEqual([
      { code: 75, signal: null, retried: true },
      { code: null, signal: 'SIGKILL', retried: true },
      { code: null, signal: 'SIGKILL', retried: true },
      { code: 0, signal: null, retried: false },
    ]);

    const { catalog, index, embedder, queue } = opened.system.services;
    const row = (await opened.document(KEY))!;
    expect(row).toMatchObject({ status: 'ready', passages, encoded: passages, pending: null, retiring: [] });
    expect(await queue.counts()).toEqual({ waiting: 0, leased: 0, dead: 0 });
    const stored = await catalog.passages.ofVersion(row.id, row.version!);
    expect(stored.map(({ index: number }) => number)).toEqual(Array.from({ length: passages }, (_, i) => i));
    // One object and one row for each passage, and for the preface.
    const keys = new Set(stored.map(({ blobKey }) => blobKey));
    const blobs = await cloud.objects(DATA, 'kv/acme/');
    expect(blobs).toHaveLength(keys.size + 1);
    for (const key of keys) expect(blobs.filter((path) => path.includes(key))).toHaveLength(1);
    const rows: string[] = [];
    for await (const { key } of catalog.blobs.every()) rows.push(key);
    expect(rows).toHaveLength(keys.size + 1);
    // And each is found, once.
    const [vector] = await embedder.embed([retrievalText(stored[0]!)], 'passage');
    const query = { tenant: 'acme', collection: 'default', text: 'number', vector: vector!, limit: 1000 };
    const hits = await index.search(query);
    expect(hits.map(({ id }) => id)).toHaveLength(passages);
    expect(new Set(hits.map(({ id }) => id)).size).toBe(passages);

    const { citations, usage } = await opened.system.ask({
      ...{ tenant: 'acme', collection: 'default', question: 'Where was the skua number 149 seen?' },
      ...{ attention: 'block', topK: 3, maxTokens: 4, stop: [] },
      sampling: { temperature: 0, topP: 1, topK: 0, seed: undefined },
    });
    expect(citations[0]!.text).toContain('149');
    expect(usage.encodedTokens).toBe(0);
  }, 300_000);

  it('asks for another try before its time is over, and has its work looked after', async () => {
    const key = 'documents/acme/default/late.md';
    await cloud.put(key, manyPassages(100, 1_000));
    const passages = await opened.follow(key);
    const definition = await cpuJob(cloud);
    const { ContainerProperties: container } = definition;
    const short = container.Environment!.map((one) =>
      one.Name === 'BLOCKRAG_JOB_SECONDS' ? { ...one, Value: '1' } : one,
    );
    const run = async (job: JobDefinition) => {
      const ends: (number | null)[] = [];
      const queue = openLocalJobs({
        definition: { ...job, RetryStrategy: { Attempts: 1 } },
        directory: await bundleEntry('precompute', 'main'),
        environment: { ...process.env, ...cloud.environment },
        onExit: ({ code }) => void ends.push(code),
      });
      await queue.submit();
      await queue.idle();
      await queue.close();
      return ends;
    };
    const delayed = async () => {
      const { Attributes } = await cloud.sqs.send(
        new GetQueueAttributesCommand({
          QueueUrl: cloud.doorbell,
          AttributeNames: ['ApproximateNumberOfMessagesDelayed'],
        }),
      );
      return Number(Attributes?.ApproximateNumberOfMessagesDelayed);
    };
    const before = await delayed();
    expect(await run({ ...definition, ContainerProperties: { ...container, Environment: short } })).toEqual([
      75,
    ]);
    expect(await delayed()).toBe(before + 1);
    expect((await opened.document(key))!.status).toBe('encoding');
    expect(await run(definition)).toEqual([0]);
    expect(await delayed()).toBe(before + 1);
    expect(await opened.document(key)).toMatchObject({ status: 'ready', passages, encoded: passages });
  }, 300_000);
});

const neverRung = () => Promise.reject(new Error('so much work is not for a woken worker'));
