/** Where a question is written, and how it is to be answered. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { documents } from '../documents/documents.ts';
import { Choice, IconButton } from '../parts/controls.tsx';
import { Icon } from '../parts/icon.tsx';
import { useStore } from '../store.ts';
import { texts } from '../texts.ts';
import { type Asking, type Mode, parseFilter, type Turn } from './conversation.ts';

const say = texts.ask;
const DEFAULT = 'default';
const COLLECTION = 'blockrag.collection';
/** Characters of a question, as the server takes them by default. */
const MAX_LENGTH = 8000;

interface ComposerProps {
  /** The conversation goes on as its last turn was asked. */
  last: Turn | undefined;
  busy: boolean;
  onAsk: (question: string, asking: Asking) => void;
  onStop: () => void;
}

export function Composer({ last, busy, onAsk, onStop }: ComposerProps) {
  const { collections } = useStore(documents);
  const [question, setQuestion] = useState('');
  const [chosen, setChosen] = useState(last?.collection ?? localStorage.getItem(COLLECTION) ?? undefined);
  const [attention, setAttention] = useState<Mode>(last?.attention ?? 'block');
  const [filter, setFilter] = useState(
    Object.entries(last?.filter ?? {})
      .map((pair) => pair.join('='))
      .join(', '),
  );
  const [filtering, setFiltering] = useState(filter !== '');
  const area = useRef<HTMLTextAreaElement>(null);
  const names = collections.map(({ name }) => name);
  // One that was deleted is not asked any more.
  const collection =
    chosen !== undefined && (names.length === 0 || names.includes(chosen)) ? chosen : (names[0] ?? DEFAULT);
  const parsed = parseFilter(filter);
  const ready = question.trim() !== '' && !busy && parsed !== undefined;

  // As high as its text.
  useLayoutEffect(() => {
    const element = area.current!;
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight}px`;
  }, [question]);
  useLayoutEffect(() => area.current!.focus({ preventScroll: true }), []);

  const send = () => {
    if (!ready) return;
    const filtered = parsed !== undefined && Object.keys(parsed).length > 0;
    localStorage.setItem(COLLECTION, collection);
    onAsk(question.trim(), { collection, attention, filter: filtered ? parsed : undefined });
    setQuestion('');
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label>
        <span class="hidden">{say.question}</span>
        <textarea
          ref={area}
          rows={1}
          value={question}
          maxLength={MAX_LENGTH}
          placeholder={last === undefined ? say.placeholder : say.followUp}
          onInput={(event) => setQuestion(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
      </label>
      {filtering && (
        <label class="filter-field">
          <span class="hidden">{say.filter}</span>
          <input
            value={filter}
            placeholder={say.filterHint}
            aria-invalid={parsed === undefined}
            onInput={(event) => setFilter(event.currentTarget.value)}
          />
          {parsed === undefined && (
            <span class="wrong" role="alert">
              {say.filterWrong}
            </span>
          )}
        </label>
      )}
      <div class="composer-foot">
        <label>
          <span class="hidden">{say.collection}</span>
          <select value={collection} onChange={(event) => setChosen(event.currentTarget.value)}>
            {names.length === 0 && <option>{collection}</option>}
            {names.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <Choice
          label={say.attention}
          name="attention"
          value={attention}
          onChange={setAttention}
          options={(['block', 'full'] as const).map((mode) => ({
            value: mode,
            label: say.modes[mode],
            hint: say.modesHint[mode],
          }))}
        />
        <IconButton
          icon="filter"
          label={say.filter}
          aria-pressed={filtering}
          onClick={() => {
            setFiltering(!filtering);
            setFilter('');
          }}
        />
        <span class="grow" />
        {busy ? (
          <button
            type="button"
            class="button primary round"
            aria-label={say.stop}
            title={say.stop}
            onClick={onStop}
          >
            <Icon name="stop" />
          </button>
        ) : (
          <button
            type="submit"
            class="button primary round"
            aria-label={say.send}
            title={say.send}
            disabled={!ready}
          >
            <Icon name="send" />
          </button>
        )}
      </div>
    </form>
  );
}
