/** Small things that both clients do: all pages of a listing, and a pause. */
import type { DocumentView } from '../../shared/api/views/document.ts';

export async function allPages(
  page: (after: string | undefined) => Promise<{ documents: DocumentView[]; next: string | undefined }>,
): Promise<DocumentView[]> {
  const documents: DocumentView[] = [];
  let after: string | undefined;
  do {
    const one = await page(after);
    documents.push(...one.documents);
    after = one.next;
  } while (after !== undefined);
  return documents;
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
