/** One question with its answer, where the answer comes from, and what it cost. */
import { useState } from 'preact/hooks';
import type { CitationView } from '../../../shared/client/index.ts';
import { formatMs } from '../format.ts';
import { CopyButton, Problem } from '../parts/controls.tsx';
import { Icon } from '../parts/icon.tsx';
import { toHash } from '../route.ts';
import { texts } from '../texts.ts';
import { citationsOf, type Turn } from './conversation.ts';
import { Markdown } from './markdown.tsx';
import { RaceView } from './race.tsx';
import { Grounding, Sources } from './sources.tsx';

const say = texts.ask;

interface TurnProps {
  conversation: string;
  turn: Turn;
  /** The citation that is being looked at. */
  open: CitationView | undefined;
  onOpen: (citation: CitationView) => void;
  /** Asks it again; undefined for all but the last. */
  onRetry: (() => void) | undefined;
}

export function TurnView({ conversation, turn, open, onOpen, onRetry }: TurnProps) {
  const { question, state, answer, result, failure } = turn;
  const citations = citationsOf(turn);
  const [racing, setRacing] = useState(turn.race !== undefined);
  const cite = (n: number) => {
    const citation = citations[n - 1];
    return citation && (() => onOpen(citation));
  };
  const streaming = state === 'streaming';
  return (
    <article class="turn" data-state={state}>
      <h2 class="question">{question}</h2>
      <div class={citations.length === 0 ? 'answer-row alone' : 'answer-row'}>
        <div class="answer" aria-busy={streaming}>
          {answer === '' && streaming && <p class="thinking">{say.thinking}</p>}
          <Markdown text={answer} cite={cite} />
          {citations.length > 0 && (
            <p class="marks">
              {citations.map((citation, i) => (
                <button
                  type="button"
                  class="cite"
                  key={`${citation.document_id} ${citation.passage}`}
                  aria-label={say.source(i + 1, citation.document)}
                  aria-pressed={citation === open}
                  onClick={() => onOpen(citation)}
                >
                  {i + 1}
                </button>
              ))}
            </p>
          )}
          {state === 'stopped' && <p class="quiet">{say.stopped}</p>}
          {state === 'failed' && answer !== '' && <p class="quiet">{say.cutOff}</p>}
          {failure !== undefined && <Problem failure={failure} />}
          {result?.finish_reason === 'length' && <p class="quiet">{say.length}</p>}
          {result?.finish_reason === 'no_relevant_passages' && <p class="quiet">{say.nothing}</p>}
          <LeftOut turn={turn} />
          {result !== undefined && citations.length > 0 && (
            <Cost turn={turn} onRace={racing ? undefined : () => setRacing(true)} />
          )}
          {racing && <RaceView conversation={conversation} turn={turn} />}
          {!streaming && (
            <div class="turn-actions">
              {answer !== '' && <CopyButton text={() => answer} label={say.copyAnswer} />}
              <CopyButton
                icon="link"
                label={say.link}
                text={() => new URL(toHash({ page: 'ask', conversation }), location.href).href}
              />
              {onRetry !== undefined && (
                <button type="button" class="plain" onClick={onRetry}>
                  <Icon name="replace" /> {say.retry}
                </button>
              )}
            </div>
          )}
        </div>
        {citations.length > 0 && (
          <aside class="evidence" aria-label={say.sources}>
            <Grounding citations={citations} />
            <Sources citations={citations} open={open} onOpen={onOpen} />
          </aside>
        )}
      </div>
    </article>
  );
}

/** What the answer does not hold, and why. */
function LeftOut({ turn: { notReady, result } }: { turn: Turn }) {
  return (
    <>
      {notReady !== undefined && (
        <p class="note">
          {say.notReady(notReady.count)}
          <strong>{notReady.names.join(', ')}</strong>
          {notReady.count > notReady.names.length && say.andMore(notReady.count - notReady.names.length)}.
        </p>
      )}
      {result !== undefined && result.passages_dropped > 0 && (
        <p class="note">{say.dropped(result.passages_dropped)}</p>
      )}
    </>
  );
}

/** @param onRace answers again, with full attention beside it; undefined: that is under way */
function Cost({ turn, onRace }: { turn: Turn; onRace: (() => void) | undefined }) {
  const { usage, timings_ms } = turn.result!;
  const seconds = (timings_ms.total - timings_ms.first_token) / 1000;
  // The first token needs none of that time.
  const speed =
    seconds > 0 && usage.completion_tokens > 1 ? (usage.completion_tokens - 1) / seconds : undefined;
  const seen = turn.seen === undefined ? undefined : say.seen(formatMs(turn.seen));
  return (
    <section class="cost" aria-label={say.cost}>
      <p>
        <span class="fact strong" title={say.modesHint[turn.attention]}>
          {say.modes[turn.attention]}
        </span>
        <span class="fact">{say.reused(usage.reused_tokens)}</span>
        <span class="fact">{say.computed(usage.encoded_tokens + usage.final_tokens)}</span>
        <span class="fact" title={seen} data-seen={turn.seen} data-told={timings_ms.first_token}>
          {say.firstToken(formatMs(timings_ms.first_token))}
        </span>
        {speed !== undefined && <span class="fact">{say.speed(speed.toFixed(speed < 10 ? 1 : 0))}</span>}
        {onRace !== undefined && (
          <button type="button" class="plain accent" onClick={onRace}>
            <Icon name="race" /> {say.race}
          </button>
        )}
      </p>
    </section>
  );
}
