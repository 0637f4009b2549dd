import { describe, expect, it } from 'vitest';
import {
  ERASE_ITEM,
  encodeItems,
  ingestItem,
  parseWork,
  REINDEX_ITEM,
  retireAgainItem,
  retireItem,
  retireItems,
  SWEEP_ITEM,
  TIDY_ITEM,
  type WorkItem,
} from '../../../../shared/pipeline/work/items.ts';
import type { RowData } from '../../../../shared/storage/ports.ts';

const REF = { tenant: 't', document: 'd', version: 'v' };

describe('work items', () => {
  it('have the ids and bodies that are in the queues of running systems', () => {
    const group = 't';
    expect(ingestItem(REF)).toEqual({ id: 'ingest/d/v', body: { kind: 'ingest', ...REF }, group });
    expect(retireItem(REF)).toEqual({ id: 'retire/d/v', body: { kind: 'retire', ...REF }, group });
    expect(encodeItems(REF, 17)).toEqual([
      { id: 'encode/d/v/0', body: { kind: 'encode', ...REF, batch: 0, from: 0, to: 8 }, group },
      { id: 'encode/d/v/1', body: { kind: 'encode', ...REF, batch: 1, from: 8, to: 16 }, group },
      { id: 'encode/d/v/2', body: { kind: 'encode', ...REF, batch: 2, from: 16, to: 17 }, group },
    ]);
    expect([ERASE_ITEM, TIDY_ITEM, SWEEP_ITEM, REINDEX_ITEM]).toEqual([
      { id: 'erase', body: { kind: 'erase' } },
      { id: 'tidy', body: { kind: 'tidy' } },
      { id: 'sweep', body: { kind: 'sweep' } },
      { id: 'reindex', body: { kind: 'reindex' }, group: 'INDEX' },
    ]);
  });

  it('retire each version once, and once more under an id of its own', () => {
    const items = retireItems({ tenant: 't', id: 'd', retiring: ['v', 'w'] });
    expect(items).toEqual([retireItem(REF), retireItem({ ...REF, version: 'w' })]);
    const again = retireAgainItem(REF);
    expect(again).toEqual({
      id: expect.stringMatching(/^retire\/d\/v\/[0-9a-f]{8}$/),
      body: items[0]!.body,
      group: 't',
    });
    expect(retireAgainItem(REF).id).not.toBe(again.id);
  });

  it('say after their way through a queue what they said before', () => {
    const items: WorkItem[] = [ingestItem(REF), retireItem(REF), ...encodeItems(REF, 9)];
    for (const { body } of [...items, ERASE_ITEM, TIDY_ITEM, SWEEP_ITEM, REINDEX_ITEM]) {
      expect(parseWork(structuredClone(body))).toEqual(body);
    }
  });

  it.each<[string, RowData]>([
    ['of an unknown kind', { kind: 'polish', ...REF }],
    ['without a kind', { ...REF }],
    ['without a version', { kind: 'retire', tenant: 't', document: 'd' }],
    ['without a range', { kind: 'encode', ...REF, batch: 0, from: 0 }],
  ])('%s are refused', (_, body) => {
    expect(() => parseWork(body)).toThrow(expect.objectContaining({ code: 'internal' }));
  });
});
