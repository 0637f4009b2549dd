import fc from 'fast-check';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { readForm } from '../../../../shared/api/bodies/form.ts';
import { readJsonText } from '../../../../shared/api/bodies/json.ts';
import { arrayItems, type Item, lineItems } from '../../../../shared/api/bodies/json-items.ts';
import type { ApiEnv } from '../../../../shared/api/context.ts';
import { isBlockragError } from '../../../../shared/errors.ts';
import { expectLinear } from '../../../support/growth.ts';

type Read = (c: Parameters<typeof readForm>[0]) => Promise<unknown>;

const BODY = { code: 'request_too_large', bytes: 8 << 20 } as const;
const BOUNDS = { depth: 32, elements: 1000 };
const LIMITS = { body: BODY, bounds: BOUNDS, items: 1 << 20 };
/** What a body that nobody could read is refused with. */
const REFUSED = Symbol('refused');

/** What is read of a body that comes in pieces; every other failure than a refusal is thrown. */
async function reading(read: Read, pieces: readonly Uint8Array[], type = 'application/json') {
  let outcome: unknown;
  let failure: unknown;
  const app = new Hono<ApiEnv>().post('/', async (c) => {
    try {
      outcome = await read(c);
    } catch (error) {
      if (isBlockragError(error, 'invalid_request')) outcome = REFUSED;
      else failure = error;
    }
    return c.body(null);
  });
  const left = pieces.filter((piece) => piece.length > 0).values();
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const { done, value } = left.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  const headers = { 'content-type': type };
  await app.request('/', { method: 'POST', headers, body, duplex: 'half' } as RequestInit);
  if (failure !== undefined) throw failure;
  return outcome;
}

async function all(items: AsyncGenerator<Item>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const item of items) found.push(item === undefined ? REFUSED : item.value);
  return found;
}
const asArray: Read = (c) => all(arrayItems(c, LIMITS));
const asLines: Read = (c) => all(lineItems(c, LIMITS));
const asText: Read = (c) => readJsonText(c, BODY, BOUNDS);
const asForm: Read = async (c) => {
  const entries: [string, string][] = [];
  for (const [name, value] of await readForm(c, BODY)) {
    entries.push([name, typeof value === 'string' ? value : await value.text()]);
  }
  return entries;
};

/** Bytes, cut into pieces anywhere. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort(
    (a, b) => a - b,
  );
  return sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end));
}
const places = fc.array(fc.nat(), { maxLength: 5 });
const utf8 = (text: string) => new TextEncoder().encode(text);

/** JSON and what is nearly so. */
const nearlyJson = fc.oneof(
  fc.json({ maxDepth: 3 }),
  fc
    .array(
      fc.constantFrom('[', ']', '{', '}', ',', ':', '"', '\\', '1', ' ', '\n', 'true', '"a"', '\u00e9'),
      {
        maxLength: 24,
      },
    )
    .map((parts) => parts.join('')),
);
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return REFUSED;
  }
}

describe('a body of any bytes, cut anywhere', () => {
  it('is as JSON.parse reads it, as one text', async () => {
    await fc.assert(
      fc.asyncProperty(nearlyJson, places, async (text, at) => {
        expect(await reading(asText, cut(utf8(text), at))).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  it('is the array that JSON.parse finds, or is refused as a whole or in an item', async () => {
    await fc.assert(
      fc.asyncProperty(nearlyJson, places, async (text, at) => {
        const found = await reading(asArray, cut(utf8(text), at));
        const whole = parsed(text);
        if (Array.isArray(whole)) expect(found).toEqual(whole);
        else if (found !== REFUSED) expect(found).toContain(REFUSED);
      }),
      { numRuns: 500 },
    );
  });

  it('is the lines that JSON.parse reads', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(nearlyJson, { maxLength: 6 }), places, async (texts, at) => {
        const lines = texts
          .join('\n')
          .split('\n')
          .filter((line) => /[^ \t\r]/.test(line));
        expect(await reading(asLines, cut(utf8(texts.join('\n')), at))).toEqual(lines.map(parsed));
      }),
      { numRuns: 300 },
    );
  });

  it('that is no UTF-8 or no JSON at all is refused, and nothing else happens', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), places, async (bytes, at) => {
        for (const read of [asText, asArray, asLines]) await reading(read, cut(bytes, at));
        const boundary = ['x', '"a b"', '', '-'.repeat(70)][bytes.length % 4];
        await reading(asForm, cut(bytes, at), `multipart/form-data; boundary=${boundary}`);
      }),
      { numRuns: 300 },
    );
  });

  it('is the form that was written, or is refused where it was damaged', async () => {
    const value = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => !text.includes('--edge'));
    const fields = fc.array(fc.tuple(fc.stringMatching(/^[a-z]{1,8}$/), value), { maxLength: 5 });
    const change = fc.option(fc.record({ at: fc.nat(), value: fc.nat(255) }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(fields, change, places, async (wanted, damage, at) => {
        const parts = wanted.map(
          ([name, text]) => `--edge\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`,
        );
        const bytes = utf8(`${parts.join('')}--edge--\r\n`);
        if (damage !== undefined) bytes[damage.at % bytes.length] = damage.value;
        const found = await reading(asForm, cut(bytes, at), 'multipart/form-data; boundary=edge');
        if (damage === undefined) expect(found).toEqual(wanted);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the time of a body grows with its bytes alone', () => {
  const send = (read: Read, type?: string) => (bytes: Uint8Array) => reading(read, cut(bytes, []), type);
  const long = (part: string) => (size: number) => utf8(part.repeat(size / part.length));

  it.each([
    ['text', (size: number) => utf8(`"${'x'.repeat(size)}"`), asText],
    ['escapes', (size: number) => utf8(`"${'\\"'.repeat(size / 2)}"`), asText],
    ['open brackets', long('['), asText],
    ['items of an array', (size: number) => utf8(`[${'1,'.repeat(size / 2)}1]`), asArray],
    ['blanks before an array', long(' '), asArray],
    ['lines', long('1\n'), asLines],
    ['empty lines', long('\n'), asLines],
    ['one long line', (size: number) => utf8(`"${'x'.repeat(size)}"`), asLines],
  ] as [string, (size: number) => Uint8Array, Read][])('of %s', async (_what, make, read) => {
    await expectLinear(make, send(read), [16_000, 128_000]);
  });

  it('of a line that comes in many pieces', async () => {
    await expectLinear(
      (size) => Array.from({ length: size }, () => utf8('x')),
      (pieces) => reading(asLines, pieces),
      [2_000, 8_000],
    );
  });

  it.each(['\r\n', '--x', '\r\n--', '\r\n--x', '--x\r\n', '--x\r\n\r\n', 'a'])(
    'of a form of %j',
    async (part) => {
      const head = '--x\r\ncontent-disposition: form-data; name="f"; filename="f"\r\n\r\n';
      await expectLinear(
        (size) => utf8(head + part.repeat(size / part.length)),
        send(asForm, 'multipart/form-data; boundary=x'),
        [16_000, 128_000],
      );
    },
  );
});
