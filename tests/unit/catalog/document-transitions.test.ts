import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DocumentRow } from '../../../shared/catalog/document-row.ts';
import {
  failed,
  followed,
  forgotten,
  gone,
  originalLost,
  progressed,
  read,
  ready,
  refused,
  retired,
  takenIn,
  type UploadFacts,
} from '../../../shared/catalog/document-transitions.ts';

const ERROR = { code: 'document_corrupt', message: 'It cannot be read.' };
const WHOSE = { id: 'd', tenant: 't', collection: 'c', name: 'a.md' };
const upload = (version: string, more: Partial<UploadFacts> = {}): UploadFacts => ({
  ...WHOSE,
  ...{ metadata: { by: version }, mediaType: 'text/markdown', bytes: 9, sha256: `of ${version}` },
  ...{ followed: false, version, fingerprint: 'model' },
  ...more,
});
const READ = { title: 'A', passages: 3, tokens: 30 };
/** A document whose version `v1` answers. */
const answering = () => ready(progressed(read(takenIn(undefined, upload('v1'), 5), READ), 3), 'model');

describe('a document', () => {
  it('is taken in, read, encoded and then answers', () => {
    const queued = takenIn(undefined, upload('v1'), 5);
    expect(queued).toMatchObject({
      title: 'a.md',
      status: 'queued',
      version: null,
      pending: 'v1',
      ready: null,
    });
    expect(queued).toMatchObject({ pendingFingerprint: 'model', fingerprint: null, created: 5, updated: 5 });
    const encoding = progressed(read(queued, READ), 2);
    expect(encoding).toMatchObject({ ...READ, status: 'encoding', encoded: 2, pending: 'v1' });
    // A batch that counted earlier and writes later.
    expect(progressed(encoding, 1).encoded).toBe(2);
    const done = ready(progressed(encoding, 3), 'model');
    expect(done).toMatchObject({ status: 'ready', version: 'v1', pending: null, fingerprint: 'model' });
    expect(done.retiring).toEqual([]);
  });

  it('that is replaced answers from the version before until the new one is ready, and retires it then', () => {
    const replaced = takenIn(answering(), upload('v2', { fingerprint: 'other' }), 9);
    expect(replaced).toMatchObject({ status: 'queued', version: 'v1', pending: 'v2', fingerprint: 'model' });
    expect(replaced).toMatchObject({
      created: 5,
      ready: { ...READ, sha256: 'of v1', metadata: { by: 'v1' } },
    });
    const done = ready(read(replaced, READ), 'other');
    expect(done).toMatchObject({ version: 'v2', retiring: ['v1'], fingerprint: 'other', ready: null });
  });

  it('that is uploaded again while a version is made retires that one', () => {
    const again = takenIn(takenIn(answering(), upload('v2'), 9), upload('v3'), 10);
    expect(again).toMatchObject({
      version: 'v1',
      pending: 'v3',
      retiring: ['v2'],
      ready: { sha256: 'of v1' },
    });
  });

  it('whose new version fails is what it was before, with the error', () => {
    const before = answering();
    const after = failed(
      read(takenIn(before, upload('v2'), 9), { title: 'B', passages: 7, tokens: 1 }),
      ERROR,
    );
    expect(after).toMatchObject({ ...READ, status: 'failed', error: ERROR, version: 'v1', pending: null });
    expect(after).toMatchObject({ retiring: ['v2'], sha256: before.sha256, metadata: before.metadata });
  });

  it('that is refused has a row of its own, or goes on answering', () => {
    const object = { ...WHOSE, bytes: 99 };
    expect(refused(undefined, object, ERROR, 7)).toMatchObject({
      ...{ ...object, title: 'a.md', status: 'failed', error: ERROR, followed: true },
      ...{ version: null, pending: null, retiring: [], created: 7, updated: 7 },
    });
    const before = answering();
    expect(refused(takenIn(before, upload('v2'), 9), object, ERROR, 10)).toEqual({
      ...before,
      ...{ status: 'failed', error: ERROR, followed: true, retiring: ['v2'], updated: 10, encoded: 0 },
    });
  });

  it('that is forgotten keeps no word of its owner, and goes when all of it is retired', () => {
    const row = forgotten(takenIn(answering(), upload('v2'), 9));
    expect(row).toMatchObject({ status: 'deleting', name: '', title: '', metadata: {}, ready: null });
    expect(row).toMatchObject({ version: null, pending: null, retiring: ['v1', 'v2'] });
    const half = retired(row, 'v1');
    expect(half).toMatchObject({ status: 'deleting', retiring: ['v2'] });
    expect(retired(half!, 'v2')).toBeNull();
  });

  it('that is followed from now on, or has lost its original, is otherwise what it was', () => {
    const row = answering();
    expect(followed(row)).toEqual({ ...row, followed: true });
    const error = { code: 'storage_failed', message: 'It is gone.' };
    expect(originalLost(row, 'It is gone.')).toEqual({ ...row, status: 'failed', error });
  });

  it('of which no version is made cannot become ready', () => {
    expect(() => ready(answering(), 'model')).toThrow(expect.objectContaining({ code: 'internal' }));
  });
});

type Step = (row: DocumentRow | undefined, n: number) => DocumentRow | null | undefined;

/** What may happen to a document at any time: undefined where it cannot happen to this row. */
const pendingOnly =
  (change: (row: DocumentRow, n: number) => DocumentRow): Step =>
  (row, n) =>
    row?.pending ? change(row, n) : undefined;
const STEPS: Record<string, Step> = {
  takenIn: (row, n) => takenIn(row, upload(`v${n}`), n),
  refused: (row, n) => refused(row, { ...WHOSE, bytes: n }, ERROR, n),
  read: pendingOnly((row, n) => read(row, { title: `T${n}`, passages: n, tokens: n })),
  progressed: pendingOnly((row, n) => progressed(row, n)),
  ready: pendingOnly((row) => ready(row, 'model')),
  failed: pendingOnly((row) => failed(row, ERROR)),
  followed: (row) => row && followed(row),
  originalLost: (row) => row && originalLost(row, 'It is gone.'),
  forgotten: (row) => (row && row.status !== 'deleting' ? forgotten(row) : undefined),
  retired: (row) => (row?.retiring[0] ? retired(row, row.retiring[0]) : undefined),
  retiredLate: (row) => row && retired(row, 'unknown'),
  gone: (row) => row && gone(row),
};

const factsOf = (row: DocumentRow) => {
  const { title, metadata, mediaType, bytes, sha256, passages, tokens } = row.ready ?? row;
  return { title, metadata, mediaType, bytes, sha256, passages, tokens };
};

describe('whatever happens to a document', () => {
  const names = fc.array(fc.constantFrom(...Object.keys(STEPS)), { minLength: 5, maxLength: 40 });

  it('each of its versions is in one place, until it is retired; only then may its row go', () => {
    fc.assert(
      fc.property(names, (steps) => {
        let row: DocumentRow | undefined;
        for (const [n, name] of steps.entries()) {
          const before = row && structuredClone(row);
          const next = STEPS[name]!(row, n + 1);
          // Changed in place, a row that is written anew after a conflict would be changed twice.
          expect(row).toEqual(before);
          if (next === undefined) continue;
          const versions = versionsOf(next ?? undefined);
          expect(new Set(versions).size).toBe(versions.length);
          const lost = versionsOf(before).filter((version) => !versions.includes(version));
          expect(lost).toEqual(name === 'retired' ? [before!.retiring[0]] : []);
          if (next === null) {
            expect(['retired', 'retiredLate', 'gone']).toContain(name);
            expect(before!.status).toBe('deleting');
          } else {
            const { ready, version, pending } = next;
            expect(ready !== null).toBe(version !== null && pending !== null);
          }
          row = next ?? undefined;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('the version that is ready answers, as what it was, until another one is ready or the document is deleted', () => {
    fc.assert(
      fc.property(names, (steps) => {
        let row: DocumentRow = answering();
        for (const [n, name] of steps.entries()) {
          const before = row;
          const next = STEPS[name]!(row, n + 2);
          if (next === undefined || next === null) continue;
          row = next;
          if (name === 'ready' || name === 'forgotten' || before.version === null) continue;
          expect(row).toMatchObject({ version: before.version, fingerprint: before.fingerprint });
          expect(factsOf(row)).toEqual(factsOf(before));
        }
      }),
      { numRuns: 500 },
    );
  });
});

function versionsOf(row: DocumentRow | undefined): string[] {
  if (row === undefined) return [];
  return [row.version, row.pending, ...row.retiring].filter((version) => version !== null);
}
