/** The passages of a document in reading order: what is stored of it, and what questions find. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { PassagesPage, PassageView } from '../../../shared/client/index.ts';
import type { Failure } from '../failure.ts';
import { formatBytes } from '../format.ts';
import { Problem } from '../parts/controls.tsx';
import { failed, opened } from '../session.ts';
import { texts } from '../texts.ts';

const say = texts.viewer;

export interface Listed {
  rows: PassageView[];
  /** Where the next page begins; null: there is none. */
  next: string | null;
}

const PAGE = 1000;
/** Passages shown before and after the one that is wanted, and at each step. */
const AROUND = 30;

/** Passages from the first on, so many that one of an index is among them if it is there. */
export async function listPassages(id: string, index: number, signal?: AbortSignal): Promise<Listed> {
  const rows: PassageView[] = [];
  let next: string | null | undefined;
  do {
    const page: PassagesPage = await opened().client.passages(
      id,
      { limit: PAGE, after: next ?? undefined },
      { signal },
    );
    rows.push(...page.passages);
    next = page.next;
  } while (next !== null && rows.length <= index);
  return { rows, next };
}

export function Passages({ id, listed, wanted }: { id: string; listed: Listed; wanted: number | undefined }) {
  const [all, setAll] = useState(listed);
  const [from, setFrom] = useState(Math.max(0, (wanted ?? 0) - AROUND));
  const [to, setTo] = useState((wanted ?? 0) + AROUND);
  const [failure, setFailure] = useState<Failure>();
  const mark = useRef<HTMLLIElement>(null);
  useEffect(() => mark.current?.scrollIntoView({ block: 'center' }), []);
  const more = async () => {
    setTo(to + AROUND);
    if (all.next === null || to + AROUND < all.rows.length) return;
    try {
      const { passages, next } = await opened().client.passages(id, { limit: PAGE, after: all.next });
      setAll({ rows: [...all.rows, ...passages], next });
    } catch (error) {
      setFailure(failed(error));
    }
  };
  return (
    <section class="passages" tabIndex={0} aria-label={say.passages}>
      {all.rows.length === 0 && <p class="quiet">{say.none}</p>}
      {from > 0 && (
        <button type="button" class="button more" onClick={() => setFrom(Math.max(0, from - AROUND))}>
          {say.more}
        </button>
      )}
      <ol>
        {all.rows.slice(from, to).map((passage) => (
          <li
            key={passage.passage}
            ref={passage.passage === wanted ? mark : null}
            class={passage.passage === wanted ? 'passage cited' : 'passage'}
          >
            <p class="passage-head">
              <strong>{passage.title || say.passage(passage.passage)}</strong>
              {passage.passage === wanted && <span class="badge">{say.cited}</span>}
              <span class="quiet">{factsOf(passage)}</span>
            </p>
            <p class="passage-text">{passage.text}</p>
          </li>
        ))}
      </ol>
      {failure !== undefined && <Problem failure={failure} />}
      {(to < all.rows.length || all.next !== null) && (
        <button type="button" class="button more" onClick={() => void more()}>
          {say.more}
        </button>
      )}
    </section>
  );
}

function factsOf({ passage, page, page_end, tokens, stored_bytes }: PassageView): string {
  const place = page === null ? [] : [say.page(page, page_end ?? page)];
  const stored = stored_bytes === null ? [] : [say.stored(formatBytes(stored_bytes))];
  return [say.passage(passage), ...place, say.tokens(tokens), ...stored].join(', ');
}
