/** The passages that an answer was given, and how much of its attention went to each. */
import type { CitationView } from '../../../shared/client/index.ts';
import { formatPercent } from '../format.ts';
import { texts } from '../texts.ts';

const say = texts.ask;
const EXCERPT = 280;

/** Shares of the attention as one bar, widest for the passage that counted most. */
export function Grounding({ citations }: { citations: readonly CitationView[] }) {
  return (
    <figure class="grounding">
      <figcaption>{say.grounding}</figcaption>
      <ul>
        {citations.map(({ grounding, document_id, passage }, i) => (
          <li
            key={`${document_id} ${passage}`}
            class={`share-${Math.min(i + 1, 5)}`}
            style={{ flexGrow: Math.max(grounding ?? 0, 0.001) }}
            title={say.groundingShare(i + 1, formatPercent(grounding ?? 0))}
          >
            <span class="hidden">{say.groundingShare(i + 1, formatPercent(grounding ?? 0))}</span>
          </li>
        ))}
      </ul>
    </figure>
  );
}

interface SourcesProps {
  citations: readonly CitationView[];
  open: CitationView | undefined;
  onOpen: (citation: CitationView) => void;
}

export function Sources({ citations, open, onOpen }: SourcesProps) {
  return (
    <ol class="sources">
      {citations.map((citation, i) => (
        <li key={`${citation.document_id} ${citation.passage}`}>
          <button
            type="button"
            class="source"
            aria-pressed={citation === open}
            onClick={() => onOpen(citation)}
          >
            <span class="source-head">
              <span class={`source-number share-${Math.min(i + 1, 5)}`}>{i + 1}</span>
              <span class="source-title">{lastOf(citation.title) || citation.document}</span>
              {citation.grounding !== null && (
                <span class="source-share">{formatPercent(citation.grounding)}</span>
              )}
            </span>
            <span class="source-place">{placeOf(citation)}</span>
            <span class="excerpt">{citation.text.slice(0, EXCERPT)}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}

export function placeOf({
  document,
  page,
  page_end,
}: Pick<CitationView, 'document' | 'page' | 'page_end'>): string {
  return page === null ? document : `${document}, ${texts.viewer.page(page, page_end ?? page)}`;
}

/** "Handbook > 6 Electricity" -> "6 Electricity" */
const lastOf = (title: string) => title.split(' > ').at(-1)!;
