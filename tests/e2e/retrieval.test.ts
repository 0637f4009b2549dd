import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Turn } from '../../shared/model/prompt.ts';
import { DEFAULT_TENANT } from '../../shared/pipeline/defaults.ts';
import type { System } from '../../shared/pipeline/system.ts';
import { askBlockrag, idle, openSystem } from '../support/product/blockrag.ts';
import { temporaryDirectory } from '../support/product/directory.ts';

let blockrag: System;
beforeAll(async () => {
  blockrag = await openSystem(temporaryDirectory());
});
afterAll(() => blockrag?.close());

const add = async (collection: string, texts: Record<string, string>) => {
  for (const [name, text] of Object.entries(texts)) {
    const bytes = new TextEncoder().encode(text);
    await blockrag.add({ tenant: DEFAULT_TENANT, collection, name, mediaType: undefined, bytes });
  }
  await idle(blockrag);
};
const found = async (collection: string, question: string, earlier: readonly Turn[] = []) =>
  (await askBlockrag(blockrag, question, { collection, earlier, maxTokens: 1 })).citations;

describe('a handbook', () => {
  const WORKSHOP = `# Workshop of the tram depot

## People
Wilhelmina Tregear looks after the lathes. In the store works Ioan Prys, who also drives the recovery truck.

## Faults
| Code | Meaning |
|---|---|
| F-2210/F-2211 | a door does not close |
| 5K-0907 | the brake resistor is too hot |
| T 31 | sand is running out |

## Purchases
Orders go through account 8042-C. Tools that cost less than 60 crowns need no signature.
`;
  beforeAll(() => add('workshop', { 'workshop.md': WORKSHOP }));

  it.each([
    'Who is Wilhelmina?',
    'Who is Ioan Prys?',
    'What does F-2211 mean?',
    '5K-0907',
    'T 31',
    'What is 8042-C?',
    'What is this document about?',
    'Summarize this document.',
  ])('answers what it holds, however unlike the question it is: %s', async (question) => {
    expect(await found('workshop', question)).not.toEqual([]);
  });

  it.each(['Who painted the Mona Lisa?', 'How do I bake bread?', 'What does F-9999 mean?', 'Who are you?'])(
    'is not asked: %s',
    async (question) => {
      expect(await found('workshop', question)).toEqual([]);
    },
  );
});

it('the sample that the README asks about answers on its own', async () => {
  const history = new URL('../../functions/cli/samples/history.txt', import.meta.url);
  await add('history', { 'history.txt': await readFile(history, 'utf8') });
  expect(await found('history', 'Who founded the station?')).not.toEqual([]);
});

it('copies of a text count once, and leave room for the others', async () => {
  const copies = Array.from({ length: 18 }, (_, i) => [
    `stop${i}/timetable.md`,
    `# Stop ${i}\n\nThe night tram runs every forty minutes. The night tram has no conductor.`,
  ]);
  const others = ['is green', 'was built in Brno', 'costs double', 'carries bicycles'].map((what, i) => [
    `other${i}.md`,
    `The night tram ${what}.`,
  ]);
  await add('trams', Object.fromEntries([...copies, ...others]));
  const citations = await found('trams', 'night tram');
  expect(new Set(citations.map(({ text }) => text)).size).toBe(5);
});

it('a question about the documents gets the beginning of each', { timeout: 180_000 }, async () => {
  const paragraphs = (what: string) =>
    Array.from({ length: 20 }, (_, i) => `Paragraph ${i} tells of the ${what}.`.repeat(6)).join('\n\n');
  await add('two', { 'lathe.txt': paragraphs('lathe'), 'kiln.txt': paragraphs('kiln') });
  const citations = await found('two', 'What are these documents about?');
  expect(citations).toHaveLength(5);
  expect(citations.slice(0, 2).map(({ passage }) => passage)).toEqual([0, 0]);
  expect(new Set(citations.map(({ document }) => document))).toEqual(new Set(['lathe.txt', 'kiln.txt']));
  const ofOne = await found('two', 'Summarize kiln.txt');
  expect(new Set(ofOne.map(({ document }) => document))).toEqual(new Set(['kiln.txt']));
});

it('a chain of follow-ups keeps to its subject', async () => {
  await add('places', {
    'cable-car.md': `# Cable car to Hornberg

## Weekdays
The cable car to Hornberg starts at 08:15 from the valley station.

## Sundays
On Sundays the cable car to Hornberg starts at 09:00.

## Winter
From December to April the cable car to Hornberg goes on Saturdays only.
`,
    ...Object.fromEntries(
      ['Bakery', 'Theatre', 'Dairy', 'Library', 'Zoo', 'Mill', 'Stadium', 'Cinema'].map((place) => [
        `${place}.md`,
        `# ${place}\n\nThe ${place.toLowerCase()} is open on Sundays from ten, and in winter from noon.`,
      ]),
    ),
  });
  const turns = (...questions: string[]): Turn[] =>
    questions.flatMap((content): Turn[] => [
      { role: 'user', content },
      { role: 'assistant', content: 'At 08:15.' },
    ]);
  const first = 'When does the cable car to Hornberg start?';
  const subject = (citations: { document: string }[]) => citations.map(({ document }) => document);
  expect(subject(await found('places', 'And in winter?', turns(first, 'And on Sundays?')))).toContain(
    'cable-car.md',
  );
  expect(subject(await found('places', 'Und wann fährt sie am Sonntag?', turns(first)))).toContain(
    'cable-car.md',
  );
});

it('another language is answered and refused by its words', async () => {
  await add('de', {
    'depot.md':
      '# Werkstatt\n\nDie Drehbank wartet Wilhelmina Tregear. Bestellungen gehen über Konto 8042-C.',
    'urlaub.md': '# Urlaub\n\nJeder Fahrer hat 29 Tage Urlaub im Jahr.',
  });
  expect(await found('de', 'Wie viele Urlaubstage habe ich?')).not.toEqual([]);
  expect(await found('de', 'Wer wartet die Drehbank?')).not.toEqual([]);
  expect(await found('de', 'Wer gewann 1998 die Weltmeisterschaft?')).toEqual([]);
});
