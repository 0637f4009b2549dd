/** Objects of users' bucket become documents, and documents follow what becomes of their objects. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isBlockragError } from '../../../shared/errors.ts';
import { describeWith } from '../../services/describe-with.ts';
import { CLOUD, type Cloud, DATA, DOCUMENTS, startCloud } from '../../support/aws/cloud.ts';
import { type Opened, openInProcess } from '../../support/aws/opened.ts';
import { testModel } from '../../support/models.ts';
import { FERRY, LIGHTHOUSE } from '../../support/product/texts.ts';

const MAX_BYTES = 10_000;

describeWith(CLOUD, 'objects in the bucket of documents', () => {
  let cloud: Cloud;
  let opened: Opened;
  beforeAll(async () => {
    await testModel('w8a8');
    cloud = await startCloud({ BLOCKRAG_LOG: 'silent', BLOCKRAG_MAX_DOCUMENT_BYTES: String(MAX_BYTES) });
    opened = await openInProcess(cloud, { works: true });
  });
  afterAll(async () => {
    await opened?.close();
    await cloud?.stop();
  });

  const keyOf = (name: string, collection = 'default') => `documents/acme/${collection}/${name}`;

  async function take(key: string, body: string) {
    await cloud.put(key, body);
    await opened.follow(key);
    return opened.settled(key);
  }

  async function foundIn(question: string, collection = 'default'): Promise<string[]> {
    const { citations } = await opened.system.ask({
      tenant: 'acme',
      question,
      collection,
      attention: 'block',
      topK: 3,
      maxTokens: 1,
      sampling: { temperature: 0, topP: 1, topK: 0, seed: undefined },
      stop: [],
    });
    return citations.map(({ text }) => text);
  }

  it('an object becomes a document that is answered from', async () => {
    const key = keyOf('ferry.md', 'sea');
    await cloud.put(key, FERRY, 'text/markdown');
    expect(await opened.follow(key)).toBeGreaterThan(0);
    const row = await opened.settled(key);
    expect(row).toMatchObject({
      status: 'ready',
      name: 'ferry.md',
      collection: 'sea',
      mediaType: 'text/markdown',
    });
    expect((await foundIn('When does the ferry to Grimsay leave?', 'sea'))[0]).toContain('noon');
  });

  it('an event that comes again changes nothing', async () => {
    const first = await take(keyOf('again.md'), FERRY);
    const objects = await cloud.objects(DATA, 'originals/');
    expect(await opened.follow(keyOf('again.md'))).toBe(0);
    expect(await opened.settled(keyOf('again.md'))).toEqual(first);
    expect(await cloud.objects(DATA, 'originals/')).toEqual(objects);
  });

  it('another object in its place replaces the document, and what was made of the first goes', async () => {
    const key = keyOf('one.md', 'replaced');
    const before = await take(key, FERRY);
    const after = await take(key, LIGHTHOUSE);
    expect(after).toMatchObject({ status: 'ready', retiring: [] });
    expect(after!.version).not.toBe(before!.version);
    expect((await foundIn('Who built the lighthouse?', 'replaced'))[0]).toContain('Morag Sinclair');
    expect(await foundIn('When does the ferry to Grimsay leave?', 'replaced')).not.toContainEqual(
      expect.stringContaining('noon'),
    );
    expect(await cloud.objects(DATA, `originals/acme/${after!.id}/`)).toEqual([
      expect.stringContaining(after!.version!),
      // What is said of it, for `repair`.
      expect.stringContaining(`${after!.version}.json`),
    ]);
  });

  it('a deleted object takes its document along, with all that was stored of it', async () => {
    const key = keyOf('gone.md', 'gone');
    const text = '# Heron\n\nThe heron of the north marsh is grey, and eats eleven fish a day.\n';
    const before = await cloud.objects(DATA, 'kv/acme/');
    const row = await take(key, text);
    await cloud.remove(key);
    expect(await opened.follow(key)).toBe(0);
    expect(await opened.settled(key)).toBeUndefined();
    expect(await cloud.objects(DATA, `originals/acme/${row!.id}/`)).toEqual([]);
    expect(await cloud.objects(DATA, 'kv/acme/')).toEqual(before);
    // Told again, or told of what never was a document.
    expect(await opened.follow(key)).toBe(0);
    expect(await opened.follow(keyOf('never.md'))).toBe(0);
  });

  it('a document that is deleted by the API takes its object along, and no event brings it back', async () => {
    const key = keyOf('deleted.md', 'deleted');
    const row = await take(key, FERRY);
    await opened.system.remove('acme', row!.id);
    expect(await cloud.objects(DOCUMENTS, key)).toEqual([]);
    expect(await opened.follow(key)).toBe(0);
    expect(await opened.settled(key)).toBeUndefined();
    await expect(opened.system.remove('acme', row!.id)).rejects.toMatchObject({
      code: 'document_not_found',
    });
  });

  it('a deleted collection takes the objects of its documents along', async () => {
    await take(keyOf('1.md', 'shelf'), FERRY);
    await take(keyOf('2.md', 'shelf'), LIGHTHOUSE);
    await opened.system.removeCollection('acme', 'shelf');
    expect(await cloud.objects(DOCUMENTS, 'documents/acme/shelf/')).toEqual([]);
    expect(await opened.settled(keyOf('1.md', 'shelf'))).toBeUndefined();
  });

  it('a late event of a deleted object leaves a document that was uploaded to the API since', async () => {
    const key = keyOf('again-by-api.md', 'late');
    await take(key, FERRY);
    await cloud.remove(key);
    const upload = { tenant: 'acme', collection: 'late', name: 'again-by-api.md', mediaType: undefined };
    await opened.system.remove('acme', (await opened.document(key))!.id);
    await opened.system.add({ ...upload, bytes: Buffer.from(LIGHTHOUSE) });
    expect(await opened.follow(key)).toBe(0);
    expect(await opened.settled(key)).toMatchObject({ status: 'ready' });
    // The same text put into the bucket: from now on it goes with its object.
    await take(key, LIGHTHOUSE);
    await cloud.remove(key);
    await opened.follow(key);
    expect(await opened.settled(key)).toBeUndefined();
  });

  it('whatever order events come in, and however many at once, the document is what the object is', async () => {
    const texts = ['# A\n\nThe first one is about otters.\n', '# B\n\nThe second one is about seals.\n'];
    let run = 0;
    const change = fc.record({ to: fc.constantFrom(0, 1, null), events: fc.nat(2), waits: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const key = keyOf(`${run++}.md`, 'orders');
        const handled: Promise<void>[] = [];
        // As the queue does: an event that cannot be followed comes again.
        const handle = async (): Promise<void> => {
          try {
            await opened.follow(key);
          } catch (error) {
            if (!isBlockragError(error, 'conflict')) throw error;
            await handle();
          }
        };
        let late = 1;
        for (const { to, events, waits } of changes) {
          if (to === null) await cloud.remove(key);
          else await cloud.put(key, texts[to]!);
          for (let i = 0; i < events; i++) handled.push(handle());
          // Each change is told at least once: those that were not yet are told at the end.
          if (events === 0) late++;
          if (waits) await handled.at(-1);
        }
        for (let i = 0; i < late; i++) handled.push(handle());
        await Promise.all(handled);
        const row = await opened.settled(key);
        const last = changes.at(-1)!.to;
        if (last === null) expect(row).toBeUndefined();
        else
          expect(row).toMatchObject({
            status: 'ready',
            pending: null,
            retiring: [],
            bytes: texts[last]!.length,
          });
        const originals = await cloud.objects(DATA, `originals/acme/${row?.id ?? 'none'}/`);
        expect(originals).toHaveLength(last === null ? 0 : 2);
      }),
      { numRuns: 12 },
    );
  }, 240_000);

  it.each([
    'x.md',
    'documents/acme/x.md',
    'documents/ACME/default/x.md',
    'documents/acme/%E0%A4%A/x.md',
    'documents/acme/default/a\u0007.md',
    'documents/acme/def%00ault/x.md',
    'documents/../default/x.md',
  ])('an object named %j is refused', async (key) => {
    await expect(opened.follow(key)).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('a folder of the S3 console is no document', async () => {
    for (const key of ['documents/', 'documents/acme/', keyOf('sub/', 'folders')]) {
      expect(await opened.follow(key)).toBe(0);
    }
    expect(await opened.document(keyOf('sub/', 'folders'))).toBeUndefined();
  });

  it.each(['naïve — 日本.md', 'a b+c&d=e%20f.md', 'folder/in a/folder.md', '100%.md', "it's (1).md"])(
    'an object named %j becomes a document of that name',
    async (name) => {
      const row = await take(
        keyOf(name, encodeURIComponent('a/ä b')),
        `# Odd\n\nThis one is called ${name}.\n`,
      );
      expect(row).toMatchObject({ status: 'ready', name, collection: 'a/ä b' });
    },
  );

  it('what is not text, whatever its name says, fails with a reason', async () => {
    const key = keyOf('bytes.txt');
    await cloud.put(key, new Uint8Array([0xff, 0xfe, 0x00, 0xd8, 0x00, 0xc3, 0x28, 0x80]));
    await opened.follow(key);
    expect(await opened.settled(key)).toMatchObject({ status: 'failed', error: { code: /^document_/ } });
  });

  it('an object that is too large, or empty, fails with a reason until there is another', async () => {
    const key = keyOf('large.md', 'sizes');
    for (const [body, code] of [
      ['x'.repeat(MAX_BYTES + 1), 'document_too_large'],
      ['', 'document_empty'],
    ] as const) {
      await cloud.put(key, body);
      expect(await opened.follow(key)).toBe(0);
      expect(await opened.settled(key)).toMatchObject({ status: 'failed', version: null, error: { code } });
    }
    expect(await take(key, FERRY)).toMatchObject({ status: 'ready', error: null });
    // The version that was ready goes on answering.
    expect(await take(key, '')).toMatchObject({ status: 'failed', error: { code: 'document_empty' } });
    expect((await foundIn('When does the ferry to Grimsay leave?', 'sizes'))[0]).toContain('noon');
    await cloud.remove(key);
    await opened.follow(key);
    expect(await opened.settled(key)).toBeUndefined();
  });
});
