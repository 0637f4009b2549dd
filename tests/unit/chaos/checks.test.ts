import { describe, expect, it } from 'vitest';
import { judgeAnswer, judgeDocuments, judgeForeign, judgeHeld, judgeLeftOver } from '../../chaos/checks.ts';
import { Model } from '../../chaos/model.ts';
import { randomOf } from '../../chaos/random.ts';
import { violationsOf } from '../../chaos/report.ts';
import { editionOf, foreignIn, TENANTS, textOf } from '../../chaos/texts.ts';

const ready = (name: string, edition: number | undefined) => {
  return { name, edition, status: 'ready', error: null, found: true };
};
const uploaded = (name: string, ...editions: number[]) => {
  const model = new Model();
  for (const edition of editions) {
    model.attempt('alder', name, edition);
    model.acknowledge('alder', name, edition);
  }
  return model;
};
const kinds = (violations: { kind: string }[]) => violations.map(({ kind }) => kind);

describe('the documents of a tenant', () => {
  it('are right when each is at what was acknowledged last', () => {
    expect(judgeDocuments(uploaded('0-1', 3, 4), 'alder', [ready('0-1', 4)])).toEqual([]);
  });

  it.each([
    ['is gone', [], 'lost'],
    ['is at an edition of before', [ready('0-1', 3)], 'lost'],
    ['is not what was sent', [ready('0-1', undefined)], 'lost'],
    ['is not found by a search', [{ ...ready('0-1', 4), found: false }], 'lost'],
    ['has failed', [{ ...ready('0-1', 4), status: 'failed', error: 'worker_died' }], 'failed'],
    ['is there twice', [ready('0-1', 4), ready('0-1', 4)], 'left-over'],
    ['has a neighbour that nobody sent', [ready('0-1', 4), ready('0-2', 4)], 'left-over'],
  ])('are wrong when one %s', (_what, seen, kind) => {
    expect(kinds(judgeDocuments(uploaded('0-1', 3, 4), 'alder', seen))).toEqual([kind]);
  });

  it('may be at either side of an operation that was not answered, until they are looked at', () => {
    const model = uploaded('0-1', 3);
    model.attempt('alder', '0-1', 4);
    expect(judgeDocuments(model, 'alder', [ready('0-1', 3)])).toEqual([]);
    expect(judgeDocuments(model, 'alder', [ready('0-1', 4)])).toEqual([]);
    expect(kinds(judgeDocuments(model, 'alder', []))).toEqual(['lost']);
    model.settle('alder', '0-1', 4);
    expect(kinds(judgeDocuments(model, 'alder', [ready('0-1', 3)]))).toEqual(['lost']);
  });

  it('are left over when a deletion was acknowledged', () => {
    const model = uploaded('0-1', 3);
    model.attempt('alder', '0-1', 'absent');
    model.acknowledge('alder', '0-1', 'absent');
    expect(judgeDocuments(model, 'alder', [])).toEqual([]);
    expect(kinds(judgeDocuments(model, 'alder', [ready('0-1', 3)]))).toEqual(['left-over']);
  });

  it('are as a backup has them once it is restored', () => {
    const model = uploaded('0-1', 3);
    model.mark();
    model.attempt('alder', '0-1', 4);
    model.acknowledge('alder', '0-1', 4);
    model.marked();
    for (const name of ['0-1', '0-2']) {
      model.attempt('alder', name, 5);
      model.acknowledge('alder', name, 5);
    }
    model.restored();
    for (const edition of [3, 4]) {
      expect(judgeDocuments(model, 'alder', [ready('0-1', edition)])).toEqual([]);
    }
    const after = [ready('0-1', 5), ready('0-2', 5)];
    expect(kinds(judgeDocuments(model, 'alder', after))).toEqual(['lost', 'left-over']);
  });
});

it('words of another tenant are foreign in any response', () => {
  for (const tenant of TENANTS) {
    const others = TENANTS.filter((other) => other !== tenant);
    const own = JSON.stringify({ passages: [{ text: textOf(tenant, '0-1', 2) }] });
    expect(judgeForeign(tenant, own)).toEqual([]);
    for (const other of others) {
      expect(foreignIn(other, own)).toEqual([tenant]);
      expect(kinds(judgeForeign(other, own))).toEqual(['foreign']);
    }
  }
});

it('an answer must be word for word that of an undisturbed run, from the same passages', () => {
  const answer = { answer: 'At noon', citations: [{ document: '0-1', text: 'At noon.' }] };
  expect(judgeAnswer('When?', answer, structuredClone(answer))).toEqual([]);
  expect(kinds(judgeAnswer('When?', { ...answer, answer: 'At one' }, answer))).toEqual(['answer']);
  expect(kinds(judgeAnswer('When?', { ...answer, citations: [] }, answer))).toEqual(['answer']);
});

it('stores from which all was deleted hold nothing but the instructions', () => {
  const start = { objects: { kv: 3, originals: 0, quarantine: 0 }, bytes: 1e6 };
  expect(judgeLeftOver(start, start)).toEqual([]);
  const planted = { objects: { kv: 9, originals: 1, quarantine: 2 }, bytes: 1e9 };
  expect(kinds(judgeLeftOver(start, planted))).toEqual(Array(4).fill('left-over'));
});

it('a server with nothing to do holds no more memory and files than at the start', () => {
  const start = { rss: 8e8, handles: 60 };
  expect(judgeHeld(start, start)).toEqual([]);
  expect(kinds(judgeHeld(start, { rss: 2e9, handles: 60 }))).toEqual(['memory']);
  expect(kinds(judgeHeld(start, { rss: 8e8, handles: 900 }))).toEqual(['memory']);
});

it('a text is known by its edition, unless one letter of it is another', () => {
  const text = textOf('birch', '1-2', 17);
  expect(editionOf('birch', '1-2', text)).toBe(17);
  expect(editionOf('birch', '1-2', text.replace('pier', 'pear'))).toBeUndefined();
  expect(editionOf('cedar', '1-2', text)).toBeUndefined();
  expect(editionOf('birch', '1-2', '{"code":"document_not_found"}')).toBeUndefined();
});

it('chance is the same for the same seed and round, and another for others', () => {
  const ten = (seed: number, round: number) => {
    const random = randomOf(seed, round);
    return Array.from({ length: 10 }, () => random.below(1000));
  };
  expect(ten(5, 2)).toEqual(ten(5, 2));
  expect(ten(5, 2)).not.toEqual(ten(5, 3));
  expect(ten(5, 2)).not.toEqual(ten(6, 2));
});

it('a violation says how its round is played again', () => {
  const violations = [{ kind: 'lost' as const, what: 'alder/0-1 is not there' }];
  const round = {
    round: 7,
    world: 'one server',
    seconds: {},
    faults: [],
    acknowledged: 1,
    counts: {},
    violations,
  };
  const [violation] = violationsOf({ seed: 5, rounds: [round], worlds: [], counts: {}, acknowledged: 1 });
  expect(violation?.again).toContain('--seed 5 --round 7');
});
