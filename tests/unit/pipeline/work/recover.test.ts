import { afterEach, beforeEach, expect, it } from 'vitest';
import { submitDocument } from '../../../../shared/pipeline/intake/submit.ts';
import { recoverWork } from '../../../../shared/pipeline/work/recover.ts';
import { document, type OpenedStores, openTestStores } from '../../../support/stores.ts';

let stores: OpenedStores;
beforeEach(async () => {
  stores = await openTestStores();
});
afterEach(() => stores.close());

it('work of an unknown kind that failed too often is dropped, and keeps nothing else from being recovered', async () => {
  const { catalog, logger, metrics, queue } = stores.services;
  const row = await submitDocument(stores.services, document({ name: 'a' }));
  await queue.send([{ id: 'polish', body: { kind: 'polish' } }]);
  for (let dead = 0; dead < 2; dead = (await queue.counts()).dead) {
    const leases = await queue.receive({ max: 2, leaseMs: 1_000, waitMs: 0 });
    for (const { receipt } of leases) await queue.retry(receipt, { delayMs: 0, error: 'It fails always.' });
  }
  // All that recovering takes.
  await recoverWork({ catalog, logger, metrics, queue });
  expect((await queue.counts()).dead).toBe(0);
  const error = { code: 'internal', message: 'It fails always.' };
  expect(await catalog.documents.get('t', row.id)).toMatchObject({ status: 'failed', error });
  const [lease] = await queue.receive({ max: 9, leaseMs: 1_000, waitMs: 0 });
  expect(lease!.body).toMatchObject({ kind: 'retire', document: row.id });
});
