import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { documentJsonSchema } from '../../../../shared/api/routes/documents/add.ts';
import {
  cursorSchema,
  jsonText,
  parseRequest,
  querySchema,
  toCursor,
} from '../../../../shared/api/schemas/requests.ts';

describe('parseRequest', () => {
  it('fills in the defaults of a question', () => {
    expect(parseRequest(querySchema, { question: 'Why?' })).toEqual({
      question: 'Why?',
      earlier: [],
      collection: 'default',
      attention: 'block',
      top_k: 5,
      max_tokens: 256,
      temperature: 0,
      top_p: 1,
      top_sampling_k: 0,
      stop: [],
      stream: false,
    });
  });

  it('takes one stop string or several', () => {
    const stop = (given: unknown) => parseRequest(querySchema, { question: 'Why?', stop: given }).stop;
    expect(stop('END')).toEqual(['END']);
    expect(stop(['END', '\n'])).toEqual(['END', '\n']);
  });

  it.each([
    ['top_k', { question: 'Why?', top_k: 1.5 }],
    ['temperature', { question: 'Why?', temperature: -1 }],
    ['stop', { question: 'Why?', stop: Array(9).fill('x') }],
    ['collection', { question: 'Why?', collection: 'a\u0000b' }],
    ['collection', { question: 'Why?', collection: '\ud800' }],
    ['', { question: 'Why?', unknown: 1 }],
    ['', null],
  ])('names the field that is wrong: %j', (field, value) => {
    const error = expect.objectContaining({ code: 'invalid_request', data: { field } });
    expect(() => parseRequest(querySchema, value)).toThrow(error);
  });

  it('takes names of any script, trimmed', () => {
    const { name } = parseRequest(documentJsonSchema, { name: ' Übersicht 日本 😀.md ', text: '' });
    expect(name).toBe('Übersicht 日本 😀.md');
  });
});

describe('a cursor', () => {
  it('is read as it was written, whatever the key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 64 }), (key) => {
        expect(cursorSchema.parse(toCursor(key))).toBe(key);
      }),
    );
  });

  it.each(['', ' ', 'a', '=', 'wqA=', '_-8', 'doc_1'])('is refused when it is none: %j', (cursor) => {
    expect(cursorSchema.safeParse(cursor).success).toBe(false);
  });
});

describe('jsonText', () => {
  it('reads JSON, and checks it', () => {
    const schema = jsonText(z.object({ a: z.int() }));
    expect(schema.parse('{"a":1}')).toEqual({ a: 1 });
    expect(schema.safeParse('{"a":"1"}').success).toBe(false);
    expect(schema.safeParse('{"a":').success).toBe(false);
  });
});
