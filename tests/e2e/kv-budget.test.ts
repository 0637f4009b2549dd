import { statSync } from 'node:fs';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DocumentRow } from '../../shared/catalog/catalog.ts';
import { DEFAULT_TENANT } from '../../shared/pipeline/defaults.ts';
import type { System } from '../../shared/pipeline/system.ts';
import { addText, askBlockrag, idle, openSystem } from '../support/product/blockrag.ts';
import { blobFiles, temporaryDirectory } from '../support/product/directory.ts';
import { openEmbedded, testConfig } from '../support/settings.ts';

/** A few blobs of these passages. */
const BUDGET = 2 * 1024 * 1024;
const ANIMALS = ['heron', 'otter', 'puffin', 'seal', 'gannet', 'curlew', 'plover', 'petrel'];
const textOf = (animal: string, i: number) =>
  `# The ${animal}\n\nThe ${animal} of Grimsay sleeps on the rock number ${i + 11} and eats ${i + 2} fish a day.\n`;
const questionOf = (animal: string) => `Where does the ${animal} of Grimsay sleep?`;

const data = temporaryDirectory();
const logged: { msg: string }[] = [];
const documents: DocumentRow[] = [];
/** The answers of a directory without a budget. */
const expected: string[] = [];
let blockrag: System;

const storedBytes = () => blobFiles(data).reduce((sum, path) => sum + statSync(path).size, 0);

beforeAll(async () => {
  const unlimited = await openSystem(temporaryDirectory());
  for (const [i, animal] of ANIMALS.entries()) await addText(unlimited, `${animal}.md`, textOf(animal, i));
  for (const animal of ANIMALS) {
    expected.push((await askBlockrag(unlimited, questionOf(animal), { topK: 1 })).answer);
  }
  await unlimited.close();

  const logger = pino({ level: 'warn' }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  blockrag = await openEmbedded(testConfig({ data, kvBytes: BUDGET, hotBytes: 0 }), { logger });
  for (const [i, animal] of ANIMALS.entries()) {
    documents.push(await addText(blockrag, `${animal}.md`, textOf(animal, i)));
    expect(storedBytes()).toBeLessThanOrEqual(BUDGET);
  }
});
afterAll(() => blockrag?.close());

it('documents stay ready although not all of their blobs are stored', () => {
  expect(documents.map(({ status }) => status)).toEqual(ANIMALS.map(() => 'ready'));
  expect(blobFiles(data).length).toBeLessThan(ANIMALS.length);
});

it('a passage that was evicted is computed again, stored again, and answers the same', async () => {
  for (const [i, animal] of ANIMALS.entries()) {
    const answer = await askBlockrag(blockrag, questionOf(animal), { topK: 1 });
    expect(answer.answer).toBe(expected[i]);
    expect(answer.citations).toMatchObject([{ document: `${animal}.md` }]);
    expect(storedBytes()).toBeLessThanOrEqual(BUDGET);
    const again = await askBlockrag(blockrag, questionOf(animal), { topK: 1 });
    expect(again).toMatchObject({ answer: expected[i], usage: { encodedTokens: 0 } });
  }
  expect(logged).toEqual([]);
});

it('no answer fails when more is asked for at once than the budget holds', async () => {
  const answers = await Promise.all(
    [...ANIMALS, ...ANIMALS].map((animal) => askBlockrag(blockrag, questionOf(animal), { topK: 5 })),
  );
  for (const { citations } of answers) expect(citations).toHaveLength(5);
  expect(storedBytes()).toBeLessThanOrEqual(BUDGET);
  expect(logged).toEqual([]);
});

it('documents whose blobs were evicted can be deleted, and leave no blob', async () => {
  for (const { id } of documents) await blockrag.remove(DEFAULT_TENANT, id);
  await idle(blockrag);
  // What is left is the preface's.
  expect(blobFiles(data).length).toBeLessThanOrEqual(1);
  expect((await blockrag.documents(DEFAULT_TENANT, { limit: 10 })).documents).toEqual([]);
});
