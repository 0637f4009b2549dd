import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cursorSchema, jsonText } from '../../../shared/api/schemas/requests.ts';
import {
  filterSchema,
  labelGroups,
  labelsOf,
  matchesFilter,
  metadataSchema,
} from '../../../shared/pipeline/metadata.ts';

const fromText = jsonText(filterSchema);
const key = fc.constantFrom('__proto__', 'constructor', 'toString', 'year', 'a b', '');
const scalar = fc.oneof(fc.string({ unit: 'binary' }), fc.double(), fc.boolean(), fc.constant(null));
const anyJson = fc.oneof(
  fc.json({ maxDepth: 4 }),
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.tuple(key, fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }))), { maxLength: 4 })
    .map(
      (entries) => `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)}}`,
    ),
);

it('a filter of any text is refused, or asks for all of its keys and for nothing else', () => {
  fc.assert(
    fc.property(anyJson, (text) => {
      const { success, data } = fromText.safeParse(text);
      if (!success) return;
      const given = JSON.parse(text) as Record<string, unknown>;
      expect(Object.keys(data)).toEqual(Object.keys(given));
      expect(labelGroups(data)).toHaveLength(Object.keys(given).length);
      // Of nothing, only a filter of nothing matches.
      expect(matchesFilter({}, data)).toBe(Object.keys(given).length === 0);
      for (const label of labelGroups(data).flat()) expect(label).toMatch(/^[0-9a-f]{32}$/);
    }),
    { numRuns: 1000 },
  );
});

it('metadata of any JSON are refused, or kept as they are', () => {
  fc.assert(
    fc.property(anyJson, (text) => {
      let given: unknown;
      try {
        given = JSON.parse(text);
      } catch {
        return;
      }
      const { success, data } = metadataSchema.safeParse(given);
      if (!success) return;
      expect(data).toEqual(given);
      expect(new Set(labelsOf(data)).size).toBe(Object.keys(data).length);
    }),
    { numRuns: 500 },
  );
});

it('a cursor of any text is refused, or is the one that was given', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.base64String()), (text) => {
      const { success, data } = cursorSchema.safeParse(text);
      if (success) expect(Buffer.from(data).toString('base64url')).toBe(text);
    }),
  );
});
