import type { DocumentView } from '../api/views/document.ts';

/** All documents of a listing, page by page. @param page the page after a place, or the first */
export async function* allPages(
  page: (after: string | undefined) => Promise<{ documents: DocumentView[]; next: string | null }>,
): AsyncGenerator<DocumentView, void, undefined> {
  let after: string | undefined;
  do {
    const { documents, next } = await page(after);
    yield* documents;
    after = next ?? undefined;
  } while (after !== undefined);
}
