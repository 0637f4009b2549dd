/** serving=ecs as it is deployed (stage local, ministack): two servers behind the load balancer, and the functions. */
import { readdir } from 'node:fs/promises';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AnswerView } from '../../../shared/api/views/answer.ts';
import type { DocumentView } from '../../../shared/api/views/document.ts';
import { describeWith } from '../../services/describe-with.ts';
import { type Service, startMinistack } from '../../services/index.ts';
import { type Deployed, deployLocal, stackResources } from '../../support/aws/deployed.ts';
import { register, startTask, type Task } from '../../support/aws/tasks.ts';
import { shippedModel, temporaryFolder } from '../../support/models.ts';
import { eventsOf, type Server } from '../../support/product/server.ts';
import { FERRY, LIGHTHOUSE } from '../../support/product/texts.ts';

describeWith(['ministack'], 'servers deployed to the local stage', () => {
  let service: Service;
  let stage: Deployed;
  let disk: string;
  let servers: [Server, Server];
  beforeAll(async () => {
    await shippedModel();
    service = await startMinistack();
    stage = await deployLocal(service, 'acme', 'serving=ecs');
    disk = await temporaryFolder();
    servers = [await startTask(service, stage, disk), await startTask(service, stage, disk)];
    for (const task of tasks()) await register(service, stage, task, 'RegisterTargets');
  }, 600_000);
  afterAll(async () => {
    await Promise.all((servers ?? []).map((server) => server.stop('SIGKILL')));
    stage?.close();
    await service?.stop();
  });

  const tasks = (): Task[] => servers.map((server, i) => ({ server, address: `127.0.0.${i + 1}` }));

  async function ready(name: string): Promise<DocumentView> {
    for (;;) {
      const { documents } = await stage.json<{ documents: DocumentView[] }>('/v1/documents');
      const found = documents.find((one) => one.name === name);
      if (found?.status === 'ready') return found;
      if (found?.status === 'failed') throw new Error(JSON.stringify(found));
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
  const ask = (question: string, more = {}) =>
    stage.json<AnswerView>('/v1/query', { question, max_tokens: 8, top_k: 1, ...more });

  it('answer through the load balancer what the functions have encoded of a document in the bucket', async () => {
    const object = { Bucket: stage.resources.get('DocumentsBucket')!, Body: FERRY };
    await stage.s3.send(new PutObjectCommand({ ...object, Key: 'documents/acme/default/ferry.md' }));
    await ready('ferry.md');
    const { citations, usage } = await ask('When does the ferry leave?');
    expect(citations[0]!.document).toBe('ferry.md');
    expect(usage).toMatchObject({ encoded_tokens: 0 });
    expect(usage.reused_tokens).toBeGreaterThan(0);
    expect(stage.resources.has('QueryLambdaFunction')).toBe(false);
  }, 300_000);

  it('leave to the functions what is uploaded through them', async () => {
    await stage.json('/v1/documents', { name: 'lighthouse.md', text: LIGHTHOUSE });
    await ready('lighthouse.md');
    for (const server of servers) expect(server.log()).not.toMatch(/"msg":"(encoded|ingested)/);
    expect((await ask('Who built the lighthouse?')).citations[0]!.document).toBe('lighthouse.md');
  }, 300_000);

  it('keep copies of blobs on the disk of their tasks', async () => {
    const files = await readdir(disk, { recursive: true });
    expect(files.filter((name) => /^blockrag-blobs\.[^/]+\/\d+$/.test(name)).length).toBeGreaterThan(0);
  });

  it('write the metric by which they are scaled', async () => {
    const lines = () => servers.flatMap((server) => server.output().split('\n'));
    for (;;) {
      const line = lines().find((text) => text.includes('"FirstTokenMs"'));
      if (line !== undefined) {
        expect(JSON.parse(line)).toMatchObject({
          function: 'query',
          _aws: { CloudWatchMetrics: [{ Namespace: 'blockrag/local', Dimensions: [['function']] }] },
        });
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  });

  it('end an answer under way before they stop, and leave the next one to each other', async () => {
    const [leaving, staying] = tasks() as [Task, Task];
    // The load balancer sends everything to the one that leaves.
    await register(service, stage, staying, 'DeregisterTargets');
    const response = await stage.request('/v1/query', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ question: 'When does the ferry leave?', max_tokens: 200, stream: true }),
    });
    const events = eventsOf(response);
    await events.next();
    // As ECS does: out of the load balancer, and then the signal.
    await register(service, stage, staying, 'RegisterTargets');
    await register(service, stage, leaving, 'DeregisterTargets');
    const stopped = leaving.server.stop('SIGTERM');
    let last: unknown;
    for await (const { event } of events) last = event;
    expect(last).toBe('done');
    expect(await stopped).toBe(0);
    expect((await ask('When does the ferry leave?')).citations[0]!.document).toBe('ferry.md');
  });

  it('are taken down, with all that was stored', async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await stage.remove();
    expect((await stackResources(service)).size).toBe(0);
  });
});
