/** A stage that is deployed with other settings than its documents were made with. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../services/describe-with.ts';
import { CLOUD, type Cloud, startCloud } from '../../support/aws/cloud.ts';
import { type Opened, openInProcess } from '../../support/aws/opened.ts';
import { testModel } from '../../support/models.ts';
import { FERRY } from '../../support/product/texts.ts';

const KEY = 'documents/acme/default/ferry.md';
const ask = ({ system }: Opened) =>
  system.ask({
    ...{ tenant: 'acme', collection: 'default', attention: 'block', topK: 3, maxTokens: 1, stop: [] },
    question: 'When does the ferry to Grimsay leave?',
    sampling: { temperature: 0, topP: 1, topK: 0, seed: undefined },
  });
const CONTEXT = { getRemainingTimeInMillis: () => 600_000 };

describeWith(CLOUD, 'a stage with other settings than before', () => {
  let cloud: Cloud;
  let opened: Opened | undefined;
  const open = async () => {
    opened = await openInProcess(cloud, { works: true });
    return opened;
  };
  const close = async () => {
    await opened?.close();
    opened = undefined;
  };
  beforeAll(async () => {
    await testModel('w8a8');
    cloud = await startCloud({ BLOCKRAG_LOG: 'silent' });
  });
  afterAll(async () => {
    await close();
    await cloud?.stop();
  });

  it('answers with them at once, and the sweep has everything made again', async () => {
    const before = await open();
    await cloud.put(KEY, FERRY, 'text/markdown');
    await before.follow(KEY);
    const old = await before.settled(KEY);
    expect(old).toMatchObject({ status: 'ready', followed: true });
    await close();

    cloud.environment.BLOCKRAG_KV = 'fp16';
    const after = await open();
    const first = await ask(after);
    expect(first.citations[0]).toMatchObject({ document: 'ferry.md' });
    // Its keys and values are stored as the former settings have it.
    expect(first.usage.encodedTokens).toBeGreaterThan(0);
    expect(await after.system.stats('acme')).toMatchObject({ ready: 1, outdated: 1 });

    const { handler } = await import('../../../functions/sweep/handler.ts');
    expect((await handler({}, CONTEXT)).outdated).toBe(1);
    expect((await handler({}, CONTEXT)).outdated).toBe(0);
    const made = await after.settled(KEY);
    expect(made).toMatchObject({ status: 'ready', followed: true, passages: old!.passages });
    expect(made!.fingerprint).not.toBe(old!.fingerprint);
    expect(await after.system.stats('acme')).toMatchObject({ ready: 1, outdated: 0 });
    const { usage } = await ask(after);
    expect(usage.reusedTokens).toBeGreaterThan(0);
    expect(usage.encodedTokens).toBe(0);
  });
});
