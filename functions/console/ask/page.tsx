/** Ask: a conversation about the documents, and the place that an answer comes from beside it. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { CitationView } from '../../../shared/client/index.ts';
import { documents } from '../documents/documents.ts';
import { Loading } from '../parts/controls.tsx';
import { replaceRoute, toHash } from '../route.ts';
import { useStore } from '../store.ts';
import { texts } from '../texts.ts';
import { Viewer } from '../viewer/viewer.tsx';
import { ask, askAgain, stop } from './asking.ts';
import { Composer } from './composer.tsx';
import type { Asking } from './conversation.ts';
import { ConversationActions } from './conversations.tsx';
import { history } from './history.ts';
import { TurnView } from './turn.tsx';

const say = texts.ask;
/** Nearer to the end than this, in pixels, the page follows the answer. */
const NEAR_END = 120;
/** Above the question that is shown first. */
const GAP = 8;

interface Cited {
  turn: string;
  citation: CitationView;
}

export function AskPage({ id }: { id: string | undefined }) {
  const { loaded, byId } = useStore(history);
  const { loaded: listed, byId: known } = useStore(documents);
  const [cited, setCited] = useState<Cited>();
  const scroller = useRef<HTMLDivElement>(null);
  const conversation = id === undefined ? undefined : byId.get(id);
  const turns = conversation?.turns ?? [];
  const last = turns.at(-1);
  useEffect(() => setCited(undefined), [id]);
  useFollowing(
    scroller,
    conversation?.id,
    turns.length,
    last?.state === 'streaming' ? last.answer.length : undefined,
  );

  const send = (question: string, asking: Asking) => {
    replaceRoute({ page: 'ask', conversation: ask(question, asking, conversation?.id) });
  };
  if (!loaded) return <Loading />;
  return (
    <div class={cited === undefined ? 'page' : 'page with-viewer'}>
      <div class="page-main ask">
        <div class="ask-head">
          <h1 class={conversation === undefined ? undefined : 'title'}>{conversation?.title ?? say.title}</h1>
          {conversation !== undefined && <ConversationActions id={conversation.id} />}
        </div>
        <div class="turns" ref={scroller}>
          {id !== undefined && conversation === undefined && <p class="note">{say.missing}</p>}
          {turns.length === 0 && (
            <div class="empty">
              <h2>{say.emptyTitle}</h2>
              <p>{say.emptyText}</p>
              {listed && known.size === 0 && (
                <p>
                  {say.noDocuments}{' '}
                  <a href={toHash({ page: 'documents', document: undefined, passage: undefined })}>
                    {say.addDocuments}
                  </a>
                </p>
              )}
            </div>
          )}
          {turns.map((turn) => (
            <TurnView
              key={turn.id}
              conversation={conversation!.id}
              turn={turn}
              open={cited?.turn === turn.id ? cited.citation : undefined}
              onOpen={(citation) => setCited({ turn: turn.id, citation })}
              onRetry={turn === last ? () => askAgain(conversation!.id) : undefined}
            />
          ))}
        </div>
        <p class="hidden" role="status">
          {last?.state === 'done' && say.ready}
        </p>
        <Composer
          key={id}
          last={last}
          busy={last?.state === 'streaming'}
          onAsk={send}
          onStop={() => last !== undefined && stop(last.id)}
        />
      </div>
      {cited !== undefined && (
        <Viewer
          key={`${cited.turn} ${cited.citation.document_id} ${cited.citation.passage}`}
          id={cited.citation.document_id}
          cited={cited.citation}
          onClose={() => setCited(undefined)}
        />
      )}
    </div>
  );
}

/**
 * Keeps the end in view while an answer grows, unless the user has scrolled away from it. Where none does, a
 * conversation is shown from its last question on.
 * @param length characters of the answer that grows; undefined: none does
 */
function useFollowing(
  scroller: { current: HTMLElement | null },
  id: string | undefined,
  turns: number,
  length: number | undefined,
): void {
  const follows = useRef(true);
  const shown = useRef('');
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const look = () => {
      follows.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END;
    };
    element.addEventListener('scroll', look, { passive: true });
    return () => element.removeEventListener('scroll', look);
  });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const now = `${id} ${turns}`;
    const isNew = now !== shown.current;
    shown.current = now;
    if (length !== undefined && (isNew || follows.current)) element.scrollTop = element.scrollHeight;
    else if (isNew) {
      const last = element.querySelector<HTMLElement>('.turn:last-of-type');
      element.scrollTop = Math.max(0, (last?.offsetTop ?? 0) - GAP);
    }
  }, [scroller, id, turns, length]);
}
