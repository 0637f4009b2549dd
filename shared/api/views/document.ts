/** How the API shows things: the REST routes and the command line give the same JSON. */
import { z } from 'zod';
import type { DocumentRow } from '../../catalog/catalog.ts';
import type { SubmittedRow } from '../../pipeline/intake/submit.ts';
import { metadataSchema } from '../../pipeline/metadata.ts';

export const documentSchema = z
  .object({
    id: z.string().meta({ example: 'doc_5f1c0f6b2a9d4e7c8b3a1f20' }),
    collection: z.string().meta({ example: 'station' }),
    name: z.string().meta({ example: 'handbook.pdf' }),
    title: z.string().meta({ example: 'Station handbook' }),
    metadata: metadataSchema.meta({ example: { year: 2024, draft: false } }),
    status: z
      .enum(['queued', 'encoding', 'ready', 'failed'])
      .meta({ description: 'failed: see error; an earlier version may still answer (answers: true).' }),
    answers: z.boolean().meta({ description: 'Whether a version of it answers questions.' }),
    pages: z
      .object({
        total: z.int(),
        recognised: z
          .int()
          .meta({ description: 'Pages that are pictures of text, which was recognised (OCR).' }),
      })
      .nullable()
      .meta({ description: 'null: its format has no pages, or it was not read yet.' }),
    passages: z.int(),
    encoded: z.int().meta({ description: 'Passages encoded so far.' }),
    tokens: z.int(),
    bytes: z.int(),
    sha256: z.string(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Document' });

export const documentIdSchema = z.object({
  id: z.string().meta({ example: 'doc_5f1c0f6b2a9d4e7c8b3a1f20' }),
});

export type DocumentView = z.infer<typeof documentSchema>;

/** What answers an upload. */
export const addedSchema = documentSchema
  .extend({
    replaced: z.boolean().meta({ description: 'Whether another document of this name was there before.' }),
  })
  .meta({ id: 'AddedDocument' });

export type AddedView = z.infer<typeof addedSchema>;

export function viewAdded(row: SubmittedRow): AddedView {
  return { ...viewDocument(row), replaced: row.replaced };
}

export function viewDocument(row: DocumentRow): DocumentView {
  const { id, collection, name, title, metadata, pages = null, passages, encoded, tokens } = row;
  const { bytes, sha256, error } = row;
  return {
    id,
    collection,
    name,
    title,
    metadata,
    status: row.status === 'deleting' ? 'failed' : row.status,
    answers: row.version !== null,
    pages,
    passages,
    encoded,
    tokens,
    bytes,
    sha256,
    error,
    created_at: new Date(row.created).toISOString(),
    updated_at: new Date(row.updated).toISOString(),
  };
}

/** What happens to a document; all but `progress` are the last. */
export interface DocumentEvent {
  type: 'progress' | 'ready' | 'failed' | 'removed';
  document: DocumentView;
}

export function viewEvent(row: DocumentRow): DocumentEvent {
  const { status } = row;
  const document = viewDocument(row);
  if (status === 'ready' || status === 'failed') return { type: status, document };
  return { type: status === 'deleting' ? 'removed' : 'progress', document };
}
