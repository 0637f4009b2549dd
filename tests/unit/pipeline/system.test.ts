import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../../shared/config.ts';
import type { Settings } from '../../../shared/pipeline/settings.ts';
import { System } from '../../../shared/pipeline/system.ts';
import type { Ownership } from '../../../shared/storage/lmdb/ownership.ts';
import type { WorkQueue } from '../../../shared/storage/ports.ts';
import { document, type OpenedStores, openTestStores } from '../../support/stores.ts';

let opened: OpenedStores;
afterEach(() => opened.close());

/** A system whose queue fails at the first look into it. */
async function withFailingQueue(ownership: Ownership | undefined) {
  opened = await openTestStores();
  const { queue } = opened.services;
  const receive = vi.fn<WorkQueue['receive']>(queue.receive.bind(queue));
  receive.mockRejectedValueOnce(new Error('the table is throttled'));
  const failing = new Proxy(queue, {
    get: (target, name) => {
      if (name === 'receive') return receive;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
  const system = new System({
    services: { ...opened.services, queue: failing },
    settings: { model: 'test' } as Settings,
    stores: { ownership, close: async () => {} },
    works: true,
    uploads: undefined,
    config: loadConfig({}, {}),
  });
  return { system, receive };
}

describe('a work queue that fails', () => {
  it('ends the process that owns its stores, which must not go on without work', async () => {
    const ownership = { lost: new AbortController().signal, setUrl: async () => {}, release: async () => {} };
    const { system } = await withFailingQueue(ownership);
    await vi.waitFor(() => expect(system.lost.aborted).toBe(true));
    expect(system.lost.reason).toMatchObject({ message: 'the table is throttled' });
    await system.close();
  });

  it('is looked into again after a while where other processes share it, and questions go on', async () => {
    const { system } = await withFailingQueue(undefined);
    const { id } = await system.add(document({ name: 'a.txt' }));
    await vi.waitFor(async () => expect(await system.document('t', id)).toMatchObject({ status: 'ready' }), {
      timeout: 30_000,
    });
    expect(system.lost.aborted).toBe(false);
    await system.close();
  });
});
