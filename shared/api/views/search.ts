/** Found passages as the API and the command line show them. */
import type { z } from 'zod';
import { metadataSchema } from '../../pipeline/metadata.ts';
import type { RetrievedPassage } from '../../pipeline/question/retrieve.ts';
import { citationSchema } from './answer.ts';

export const foundPassageSchema = citationSchema
  .omit({ grounding: true })
  .extend({ metadata: metadataSchema.meta({ description: 'Of the document.', example: { year: 2024 } }) })
  .meta({ id: 'FoundPassage' });

export type FoundPassageView = z.infer<typeof foundPassageSchema>;

export function viewFound({ document, passage, score, similarity }: RetrievedPassage): FoundPassageView {
  return {
    document: document.name,
    document_id: document.id,
    title: passage.title,
    page: passage.page,
    page_end: passage.pageEnd ?? passage.page,
    passage: passage.index,
    text: passage.text,
    score,
    similarity,
    metadata: document.metadata,
  };
}
