/** Passages as the API and the command line show them. */
import { z } from 'zod';
import type { PassageRow } from '../../catalog/passages.ts';

export const passageSchema = z
  .object({
    passage: z.int().meta({ description: 'Index of the passage in its document, from 0.' }),
    title: z.string().meta({ example: 'Ferry > Fares' }),
    text: z.string(),
    page: z.int().nullable(),
    page_end: z.int().nullable().meta({ description: 'The last page; that of `page` where there is one.' }),
    tokens: z.int(),
    stored_bytes: z
      .int()
      .nullable()
      .meta({ description: 'Bytes of its keys and values; null: they are not stored (yet).' }),
  })
  .meta({ id: 'Passage' });

export type PassageView = z.infer<typeof passageSchema>;

/** What is known of a passage, stored or not. */
type Viewed = Pick<PassageRow, 'index' | 'title' | 'text' | 'tokens'> & {
  page?: number | null | undefined;
  pageEnd?: number | null | undefined;
  storedBytes?: number | null;
};

export function viewPassage({
  index,
  title,
  text,
  tokens,
  page = null,
  pageEnd = page,
  storedBytes = null,
}: Viewed): PassageView {
  return {
    passage: index,
    title,
    text,
    page,
    page_end: pageEnd,
    tokens: tokens.length,
    stored_bytes: storedBytes,
  };
}
