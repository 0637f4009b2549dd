/** Two `blockrag serve` beside each other on the same S3, DynamoDB, SQS and LanceDB on s3://. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { Catalog } from '../../shared/catalog/catalog.ts';
import { DEFAULT_TENANT } from '../../shared/pipeline/defaults.ts';
import { openDynamoTable } from '../../shared/storage/table/dynamodb.ts';
import { describeWith } from '../services/describe-with.ts';
import { CLOUD, type Cloud, DATA, startCloud } from '../support/aws/cloud.ts';
import { blockragJson } from '../support/product/command.ts';
import { askServer, type Server, settled, startServer, uploadText } from '../support/product/server.ts';
import { FERRY, LIGHTHOUSE } from '../support/product/texts.ts';

/** 200 by hand: BLOCKRAG_BURST=200. */
const UPLOADS = Number(process.env.BLOCKRAG_BURST ?? 60);
const QUOTA = 5;

const noteOf = (n: number) =>
  `# Note ${n}\n\nThe heron number ${n} was seen near the pier on day ${n + 100}.\n`;

describeWith(CLOUD, 'two servers on the same stores', () => {
  let cloud: Cloud;
  let stores: string;
  let servers: Server[];
  const start = (env: Record<string, string> = {}) =>
    startServer(undefined, { ...cloud.environment, ...env }, ['--stores', stores, '--create-stores']);

  beforeAll(async () => {
    // What a killed server had in hand comes back after a lease.
    cloud = await startCloud({ BLOCKRAG_LEASE_MS: '5000' });
    const { BLOCKRAG_TABLE: table } = cloud.environment;
    stores = `s3://${DATA}?table=${table}&wakes=${encodeURIComponent(cloud.doorbell)}`;
    servers = [await start(), await start()];
  });

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop('SIGKILL')));
    await cloud.stop();
  });

  it('answer from what was added through the other, from its stored keys and values', async () => {
    const [one, other] = servers as [Server, Server];
    await uploadText(one, 'ferry.md', FERRY);
    const answer = await askServer(other, 'When does the ferry leave?');
    expect(answer.citations[0]).toMatchObject({ document: 'ferry.md' });
    expect(answer.usage).toMatchObject({ encoded_tokens: 0, reused_tokens: expect.any(Number) });
    expect(answer.usage.reused_tokens).toBeGreaterThan(0);
  });

  it('do a request once whose idempotency key comes to both', async () => {
    const request = (server: Server) =>
      server.fetch('/v1/documents', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'once' },
        body: JSON.stringify({ name: 'once.md', text: FERRY }),
      });
    const [first, second] = [await request(servers[0]!), await request(servers[1]!)];
    const ids = [await first.json(), await second.json()].map(({ id }) => id);
    expect(ids[0]).toMatch(/^doc_/);
    expect(ids[1]).toBe(ids[0]);
    await settled(servers[0]!, ids[0]);
  });

  it('do not find what was deleted through the other', async () => {
    const [one, other] = servers as [Server, Server];
    const { id } = await uploadText(one, 'lighthouse.md', LIGHTHOUSE);
    expect((await askServer(other, 'Who built the lighthouse?')).citations[0]?.document).toBe(
      'lighthouse.md',
    );
    expect((await one.fetch(`/v1/documents/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await other.fetch(`/v1/documents/${id}`)).status).toBe(404);
    const answer = await askServer(other, 'Who built the lighthouse?');
    expect(answer.citations.map(({ document }) => document)).not.toContain('lighthouse.md');
  });

  it('are used by commands without a server too', async () => {
    const { code, value } = await blockragJson<{ documents: { name: string }[] }>(
      ['documents', '--stores', stores],
      { env: cloud.environment },
    );
    expect(code).toBe(0);
    expect(value.documents.map(({ name }) => name)).toContain('ferry.md');
  });

  it('are encoded again by a command, for other settings', async () => {
    await Promise.all(servers.map((server) => server.stop()));
    cloud.environment.BLOCKRAG_PASSAGE_TOKENS = '64';
    const { code, value } = await blockragJson<{ ready: number }>(['reencode', '--stores', stores], {
      env: cloud.environment,
    });
    expect({ code, ready: value.ready }).toEqual({ code: 0, ready: 2 });
    servers = [await start(), await start()];
    expect((await askServer(servers[1]!, 'When does the ferry leave?')).usage.encoded_tokens).toBe(0);
  });

  it('that are not there are told of, with what to do', async () => {
    const missing = ['documents', '--stores', 's3://missing?table=missing'];
    const { code, value } = await blockragJson<{ error: unknown }>(missing, { env: cloud.environment });
    expect(code).toBe(1);
    expect(value.error).toMatchObject({
      code: 'storage_failed',
      message: expect.stringContaining('--create-stores'),
    });
  });

  it(`make ${UPLOADS} documents ready, each once, although one server is killed in the middle`, async () => {
    const upload = async (n: number) => {
      for (;;) {
        const server = servers[n % servers.length]!;
        const response = await server
          .post('/v1/documents', { name: `note-${n}.md`, text: noteOf(n), collection: 'burst' })
          .catch(() => undefined);
        if (response?.ok) return ((await response.json()) as { id: string }).id;
        // The killed one: what it has not acknowledged is sent again, as clients do.
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    };
    const acknowledged: Promise<string>[] = [];
    for (let n = 0; n < UPLOADS; n++) {
      acknowledged.push(upload(n));
      if (n % 10 === 9) await Promise.all(acknowledged);
      if (n === UPLOADS / 2) {
        const [survivor, victim] = servers as [Server, Server];
        servers = [survivor];
        await victim.stop('SIGKILL');
      }
    }
    const ids = await Promise.all(acknowledged);
    expect(new Set(ids).size).toBe(UPLOADS);
    servers.push(await start());
    for (const id of ids) expect(await settled(servers[0]!, id)).toMatchObject({ status: 'ready' });
    await expectEachOnce(cloud, ids);
    const answer = await askServer(servers[1]!, `Where was the heron number ${UPLOADS - 3} seen?`, {
      collection: 'burst',
      top_k: 50,
    });
    const names = answer.citations.map(({ document }) => document);
    expect(names).toContain(`note-${UPLOADS - 3}.md`);
    expect(new Set(names).size).toBe(names.length);
  }, 600_000);

  it(`hold a quota of ${QUOTA} documents under 25 uploads at once over both`, async () => {
    const limited = { BLOCKRAG_TENANT_DOCUMENTS: String(UPLOADS + 2 + QUOTA) };
    await Promise.all(servers.map((server) => server.stop()));
    servers = [await start(limited), await start(limited)];
    const upload = async (n: number): Promise<number> => {
      const document = { name: `more-${n}.md`, text: noteOf(n), collection: 'quota' };
      const { status } = await servers[n % 2]!.post('/v1/documents', document);
      // A server takes 8 uploads at once.
      return status === 503 ? upload(n) : status;
    };
    const statuses = await Promise.all(Array.from({ length: 25 }, (_, n) => upload(n)));
    expect(statuses.filter((status) => status === 202)).toHaveLength(QUOTA);
    expect(statuses.filter((status) => status === 403)).toHaveLength(25 - QUOTA);
  });
});

/** The catalog's word: one version of each, nothing pending, nothing left to be removed, every passage encoded. */
async function expectEachOnce(cloud: Cloud, ids: readonly string[]): Promise<void> {
  const { AWS_ENDPOINT_URL_DYNAMODB: endpoint = '', BLOCKRAG_TABLE: table = '' } = cloud.environment;
  const client = {
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'testtest' },
  };
  const rows = openDynamoTable({ table, client });
  try {
    const documents = await new Catalog(rows).documents.getMany(DEFAULT_TENANT, ids);
    for (const document of documents) {
      expect(document).toMatchObject({
        status: 'ready',
        pending: null,
        retiring: [],
        encoded: 1,
        passages: 1,
      });
    }
  } finally {
    await rows.close();
  }
}
