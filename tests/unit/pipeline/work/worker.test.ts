import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { submitDocument } from '../../../../shared/pipeline/intake/submit.ts';
import type { Services } from '../../../../shared/pipeline/services.ts';
import { blobPath, keyOf } from '../../../../shared/pipeline/stored-kv/location.ts';
import { ERASE_ITEM } from '../../../../shared/pipeline/work/items.ts';
import { requeueOutdated } from '../../../../shared/pipeline/work/requeue.ts';
import { Worker } from '../../../../shared/pipeline/work/worker.ts';
import { document, type OpenedStores, openTestStores } from '../../../support/stores.ts';

let stores: OpenedStores;
let services: Services;
let worker: Worker | undefined;
const failures: unknown[] = [];
beforeEach(async () => {
  stores = await openTestStores();
  services = stores.services;
  failures.length = 0;
});
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
  await stores.close();
});

/** Each text is a document, of a tenant of its own unless told. */
async function submit(texts: readonly string[], tenant?: string): Promise<void> {
  for (const text of texts) {
    const bytes = new TextEncoder().encode(text);
    await submitDocument(services, document({ tenant: tenant ?? text, name: text, bytes }));
  }
}

/** A reader that takes its time, and notes how many others are at it while it reads these texts. */
function watch(texts: readonly string[]): { besides: number[]; read: (text: string) => Promise<void> } {
  const besides: number[] = [];
  let reading = 0;
  const read = async (text: string) => {
    reading++;
    for (let i = 0; i < 10; i++) {
      if (texts.includes(text)) besides.push(reading - 1);
      await sleep(5);
    }
    reading--;
  };
  return { besides, read };
}

/** Documents whose texts the reader is given, one by one, by a worker that runs from now on. */
async function workOn(texts: readonly string[], read: (text: string) => Promise<void>): Promise<void> {
  const { reader } = services;
  const observed: Services = {
    ...services,
    reader: {
      ...reader,
      read: async (bytes, ...rest) => {
        await read(new TextDecoder().decode(bytes));
        return reader.read(bytes, ...rest);
      },
    } as Services['reader'],
  };
  await submit(texts);
  worker = new Worker(observed, { failed: (error) => failures.push(error) });
}

const ready = async () => {
  const all = await Promise.all(TEXTS.map((tenant) => services.catalog.documents.all(tenant)));
  return all.flat().filter(({ status }) => status === 'ready').length;
};
const until = (what: () => boolean | Promise<boolean>) => vi.waitUntil(what, 30_000);
const TEXTS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

it('makes the one document of a tenant ready before the 20th of 200 that another has sent earlier', async () => {
  await submit(
    Array.from({ length: 200 }, (_, i) => `flood ${i}`),
    'many',
  );
  await submit(['one'], 'few');
  worker = new Worker(services, { failed: (error) => failures.push(error) });
  const { documents } = services.catalog;
  await until(async () => (await documents.all('few'))[0]?.status === 'ready');
  const [one] = await documents.all('few');
  const earlier = (await documents.all('many')).filter(
    ({ status, updated }) => status === 'ready' && updated < one!.updated,
  );
  expect(earlier.length).toBeLessThan(20);
});

it('has four items in hand, and takes the next when one is done', async () => {
  const started: string[] = [];
  const waiting: (() => void)[] = [];
  await workOn(TEXTS, (text) => {
    started.push(text);
    return new Promise((resolve) => waiting.push(resolve));
  });
  await until(() => started.length === 4);
  await sleep(100);
  expect([...started].sort()).toEqual(TEXTS.slice(0, 4));
  waiting.shift()!();
  await until(() => started.length === 5);
  const release = setInterval(() => waiting.shift()?.(), 1);
  await until(async () => (await ready()) === TEXTS.length);
  clearInterval(release);
  expect(failures).toEqual([]);
});

it('has one document of a tenant in hand, and keeps places for others', async () => {
  const started: string[] = [];
  const waiting: (() => void)[] = [];
  await submit(['1', '2', '3', '4', '5', '6'], 'many');
  await workOn(['b', 'c'], (text) => {
    started.push(text);
    return new Promise((resolve) => waiting.push(resolve));
  });
  await until(() => started.length === 3);
  await sleep(100);
  expect(started).toHaveLength(3);
  expect(started).toEqual(expect.arrayContaining(['b', 'c']));
  const release = setInterval(() => waiting.shift()?.(), 1);
  await until(() => started.length === 8);
  clearInterval(release);
  for (const resolve of waiting) resolve();
  expect(failures).toEqual([]);
});

it('tries alone what a process that died had in hand', async () => {
  await submit(TEXTS);
  const lost = await services.queue.receive({ max: 2, leaseMs: 100, waitMs: 1_000 });
  expect(lost).toHaveLength(2);
  const { besides, read } = watch(['a', 'b']);
  await workOn([], read);
  await until(async () => (await ready()) === TEXTS.length);
  expect(besides.length).toBeGreaterThan(0);
  expect(new Set(besides)).toEqual(new Set([0]));
});

it('tries what failed among the others', async () => {
  let failures = 0;
  const { besides, read } = watch(['c']);
  await workOn(TEXTS, async (text) => {
    await read(text);
    if (text === 'c' && ++failures < 3) throw new Error('not this time');
  });
  await until(async () => (await ready()) === TEXTS.length);
  expect(failures).toBe(3);
  expect(Math.max(...besides)).toBeGreaterThan(0);
});

it('erases when nothing else is in hand', async () => {
  let reading = 0;
  const besides: number[] = [];
  services = {
    ...services,
    index: {
      add: async () => {},
      optimize: async ({ ifDue = false } = {}) => {
        if (ifDue) return;
        besides.push(reading);
        await sleep(50);
        besides.push(reading);
      },
    } as unknown as Services['index'],
  };
  await submit(TEXTS.slice(0, 3));
  await services.queue.send([ERASE_ITEM]);
  await workOn(TEXTS.slice(3), async () => {
    reading++;
    await sleep(20);
    reading--;
  });
  await until(async () => (await ready()) === TEXTS.length);
  expect(besides).toEqual([0, 0]);
});

it('gives back what is in hand when it is stopped, without counting an attempt', async () => {
  const reading: ((error: Error) => void)[] = [];
  await workOn(TEXTS, () => new Promise((_, reject) => reading.push(reject)));
  await until(() => reading.length === 4);
  const stopped = worker!.stop();
  for (const reject of reading) reject(new Error('cut off'));
  await stopped;
  expect(await services.queue.counts()).toMatchObject({ leased: 0, waiting: TEXTS.length });
  const again = await services.queue.receive({ max: 9, leaseMs: 1_000, waitMs: 0 });
  expect(again.map(({ attempt }) => attempt)).toEqual(TEXTS.map(() => 1));
});

it('ends once, with the error, when the queue fails under work in hand', async () => {
  const { queue } = services;
  services = {
    ...services,
    queue: new Proxy(queue, {
      get: (target, name) =>
        name === 'done' || name === 'retry'
          ? () => Promise.reject(new Error('the disk is gone'))
          : (Reflect.get(target, name) as () => unknown).bind(target),
    }),
  };
  await workOn(TEXTS, async () => {});
  await worker!.ended;
  expect(failures).toMatchObject([{ message: 'the disk is gone' }]);
});

it('has as many documents of a tenant parked as it may, without a warning about listeners', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on('warning', note);
  try {
    await submit(
      Array.from({ length: 20 }, (_, i) => `one of many ${i}`),
      'many',
    );
    worker = new Worker(services, { failed: (error) => failures.push(error) });
    const { documents } = services.catalog;
    await until(async () => (await documents.all('many')).every(({ status }) => status === 'ready'));
    expect(warnings.map(({ name }) => name)).not.toContain('MaxListenersExceededWarning');
  } finally {
    process.off('warning', note);
  }
});

it('makes each version with one set of settings, and all with those that the stores remember', async () => {
  const former = services;
  const manifest = { ...services.model.manifest, weightsHash: 'other weights' };
  const latter = { ...services, fingerprint: 'other', model: { manifest } } as unknown as Services;
  const { catalog } = services;
  await catalog.settings.put({ fingerprint: 'other' });
  const failed = (error: unknown) => failures.push(error);
  const others = [former, latter].map((one) => new Worker(one, { failed }));
  try {
    await submit(
      Array.from({ length: 12 }, (_, i) => `line ${i}\nand line ${i + 100}`),
      't',
    );
    const all = () => catalog.documents.all('t');
    const isReady = ({ status }: { status: string }) => status === 'ready';
    await until(async () => (await all()).every(isReady));
    await requeueOutdated(latter, 't');
    await until(async () => (await all()).every((row) => isReady(row) && row.fingerprint === 'other'));
    for (const { id, version } of await all()) {
      const passages = await catalog.passages.ofVersion(id, version!);
      expect(passages).toHaveLength(2);
      for (const { blobKey, tokens } of passages) {
        expect(blobKey).toBe(keyOf(latter, 't', tokens));
        expect(await services.blobs.has(blobPath('t', blobKey))).toBe(true);
      }
    }
    expect(failures).toEqual([]);
  } finally {
    await Promise.all(others.map((one) => one.stop()));
  }
});
