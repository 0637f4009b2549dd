/** A document's metadata (pairs of a key and a value), and filters over them. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Metadata } from '../catalog/catalog.ts';
import { BlockragError } from '../errors.ts';

const MAX_ENTRIES = 32;
/** Values that one key of a filter may name. */
const MAX_CHOICES = 32;

const key = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'a key has 1 to 64 characters of A-Z a-z 0-9 _ . -');
const value = z.union([z.string().max(256), z.number(), z.boolean()]);

/** A record drops this key before it looks at it, and a filter of nothing matches everything. */
const OWN_PROTO = '__proto__';
function withoutProto<T extends z.ZodType>(schema: T) {
  return z.preprocess((given: z.input<T>, context) => {
    if (!Object.hasOwn(Object(given), OWN_PROTO)) return given;
    context.addIssue({ code: 'custom', message: `${OWN_PROTO} cannot be a key` });
    return z.NEVER;
  }, schema);
}

/** Of one document: at most 32 pairs; texts of at most 256 characters. */
export const metadataSchema = withoutProto(
  z
    .record(key, value)
    .refine((entries) => Object.keys(entries).length <= MAX_ENTRIES, `at most ${MAX_ENTRIES} entries`),
);

/** Every key must match; of several values in a list, any. */
export const filterSchema = withoutProto(
  z
    .record(key, z.union([value, z.array(value).min(1).max(MAX_CHOICES)]))
    .refine((entries) => Object.keys(entries).length <= MAX_ENTRIES, `at most ${MAX_ENTRIES} keys`),
);

export type Filter = z.infer<typeof filterSchema>;
type MetadataValue = Metadata[string];

/** @throws BlockragError `invalid_request` */
export function checkMetadata(metadata: Metadata): Metadata {
  const parsed = metadataSchema.safeParse(metadata);
  if (parsed.success) return parsed.data;
  throw new BlockragError('invalid_request', `The metadata are wrong: ${parsed.error.issues[0]?.message}.`);
}

/** @throws BlockragError `invalid_request` */
export function checkFilter(filter: Filter): Filter {
  const parsed = filterSchema.safeParse(filter);
  if (parsed.success) return parsed.data;
  throw new BlockragError('invalid_request', `The filter is wrong: ${parsed.error.issues[0]?.message}.`);
}

/** The pairs as the index stores them. */
export function labelsOf(metadata: Metadata): string[] {
  return Object.entries(metadata).map(([name, of]) => labelOf(name, of));
}

/** A filter as the index is asked: one of each group must be there. */
export function labelGroups(filter: Filter): string[][] {
  return Object.entries(filter).map(([name, wanted]) => [wanted].flat().map((of) => labelOf(name, of)));
}

export function matchesFilter(metadata: Metadata, filter: Filter): boolean {
  const labels = new Set(labelsOf(metadata));
  return labelGroups(filter).every((group) => group.some((label) => labels.has(label)));
}

/** The same pairs, in whatever order. */
export function sameMetadata(a: Metadata, b: Metadata): boolean {
  return labelsOf(a).sort().join() === labelsOf(b).sort().join();
}

/** A hash, so that no text of a user is ever part of a query: 32 hex digits of SHA-256. */
function labelOf(name: string, of: MetadataValue): string {
  return createHash('sha256')
    .update(JSON.stringify([name, of]))
    .digest('hex')
    .slice(0, 32);
}
