/** What tools give, as a model reads it best: text with the ids that other tools take. */
import type { AnswerView } from '../api/views/answer.ts';
import type { PassageView } from '../api/views/passage.ts';
import type { FoundPassageView } from '../api/views/search.ts';
import type { DocumentsPage } from '../client/index.ts';

const NOTHING = 'The documents hold nothing about this.';

export function foundText(passages: readonly Omit<FoundPassageView, 'metadata'>[]): string {
  if (passages.length === 0) return NOTHING;
  return passages
    .map((found, i) => {
      const { document, document_id, passage, title, similarity, text } = found;
      const source = `document_id ${document_id}, passage ${passage}, similarity ${similarity.toFixed(2)}`;
      return `[${i + 1}] ${document}${pagesOf(found)}: ${title} (${source})\n${text}`;
    })
    .join('\n\n');
}

export function answerText({ answer, citations }: AnswerView): string {
  return citations.length === 0 ? answer : `${answer}\n\nFrom these passages:\n\n${foundText(citations)}`;
}

export function documentsText({ documents, next }: DocumentsPage): string {
  if (documents.length === 0 && next === null) return 'There are no documents.';
  const lines = documents.map(
    ({ id, name, title, collection, status, passages }) =>
      `${id}  ${name}: ${title} (collection ${collection}, ${status}, passages 0 to ${passages - 1})`,
  );
  return [...lines, ...(next === null ? [] : [`More with after: ${next}`])].join('\n');
}

export function passagesText(document: string, passages: readonly PassageView[]): string {
  return passages
    .map((one) => `${document}${pagesOf(one)}, passage ${one.passage}: ${one.title}\n${one.text}`)
    .join('\n\n');
}

function pagesOf({ page, page_end: end }: Pick<PassageView, 'page' | 'page_end'>): string {
  if (page === null) return '';
  return page === end ? `, page ${page}` : `, pages ${page} to ${end}`;
}
