/** Questions under way: they go on while the user looks at something else. */
import { documents, isPending } from '../documents/documents.ts';
import { failed, opened } from '../session.ts';
import {
  type Asking,
  type Conversation,
  earlierTurns,
  type Lap,
  type Mode,
  type Turn,
} from './conversation.ts';
import { history, keepConversation, showConversation } from './history.ts';

const underWay = new Map<string, AbortController>();
const KEEP_EVERY_MS = 1_000;
const MAX_TITLE = 80;
/** Names of documents that are not ready, at most. */
const MAX_NAMES = 5;

/** Asks in a conversation, or begins one. @returns the conversation's id */
export function ask(question: string, asking: Asking, id: string | undefined): string {
  const now = Date.now();
  const known = id === undefined ? undefined : history.get().byId.get(id);
  const turn: Turn = {
    ...asking,
    ...{ id: newId(), question, asked: now, state: 'streaming', answer: '' },
    ...{ result: undefined, failure: undefined, seen: undefined, race: undefined },
    notReady: findNotReady(asking.collection),
  };
  const conversation: Conversation = {
    id: known?.id ?? newId(),
    title: known?.title ?? question.slice(0, MAX_TITLE),
    created: known?.created ?? now,
    updated: now,
    turns: [...(known?.turns ?? []), turn],
  };
  showConversation(conversation);
  keepConversation(conversation.id);
  void run(conversation.id, turn, earlierTurns(known?.turns ?? []));
  return conversation.id;
}

/** Asks the last question again, in the place of its answer. */
export function askAgain(id: string): void {
  const conversation = history.get().byId.get(id);
  const last = conversation?.turns.at(-1);
  if (conversation === undefined || last === undefined) return;
  const { question, collection, attention, filter } = last;
  showConversation({ ...conversation, turns: conversation.turns.slice(0, -1) });
  ask(question, { collection, attention, filter }, id);
}

/** Ends an answer where it is. */
export function stop(turn: string): void {
  underWay.get(turn)?.abort();
}

/** Ends all answers. */
export function stopAll(): void {
  for (const controller of underWay.values()) controller.abort();
}

async function run(id: string, turn: Turn, earlier: ReturnType<typeof earlierTurns>): Promise<void> {
  const started = performance.now();
  const { question, collection, attention, filter } = turn;
  const { client } = opened();
  const controller = new AbortController();
  const { signal } = controller;
  underWay.set(turn.id, controller);
  let answer = '';
  let kept = started;
  try {
    const options = { collection, attention, earlier, ...(filter && { filter }), signal };
    for await (const event of client.stream(question, options)) {
      if (event.type === 'done') {
        const { answer: text, ...result } = event.answer;
        changeTurn(id, turn.id, { state: 'done', answer: text, result });
        continue;
      }
      const first = answer === '';
      answer += event.text;
      changeTurn(id, turn.id, { answer });
      if (first) void painted().then((at) => changeTurn(id, turn.id, { seen: at - started }));
      if (performance.now() - kept < KEEP_EVERY_MS) continue;
      kept = performance.now();
      keepConversation(id);
    }
  } catch (error) {
    if (signal.aborted) changeTurn(id, turn.id, { state: 'stopped' });
    else changeTurn(id, turn.id, { state: 'failed', failure: failed(error) });
  } finally {
    underWay.delete(turn.id);
    keepConversation(id);
  }
}

/** The time at which what was just set is on the screen. */
function painted(): Promise<number> {
  if (document.hidden) return Promise.resolve(performance.now());
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => resolve(performance.now()))));
}

/** The documents that the answer leaves out because they are still being read. */
function findNotReady(collection: string): Turn['notReady'] {
  const pending = [...documents.get().byId.values()].filter(
    (document) => document.collection === collection && isPending(document) && !document.answers,
  );
  if (pending.length === 0) return undefined;
  return { names: pending.slice(0, MAX_NAMES).map(({ name }) => name), count: pending.length };
}

function changeTurn(id: string, turn: string, facts: Partial<Turn>): void {
  const conversation = history.get().byId.get(id);
  if (conversation === undefined) return;
  const turns = conversation.turns.map((one) => (one.id === turn ? { ...one, ...facts } : one));
  showConversation({ ...conversation, turns });
}

/** What a race shows while it runs. */
export type LapProgress =
  | { state: 'waiting' }
  /** first: milliseconds to the first text, once it is there. */
  | { state: 'running'; text: string; since: number; first: number | undefined }
  | { state: 'done'; lap: Lap };

/** Answers a turn's question with block, then with full attention, so that neither slows the other. */
export async function race(
  id: string,
  turn: Turn,
  signal: AbortSignal,
  show: (mode: Mode, progress: LapProgress) => void,
): Promise<void> {
  const { question, collection, filter } = turn;
  const turns = history.get().byId.get(id)?.turns ?? [];
  const earlier = earlierTurns(
    turns.slice(
      0,
      turns.findIndex((one) => one.id === turn.id),
    ),
  );
  const laps: Partial<Record<Mode, Lap>> = {};
  for (const attention of ['block', 'full'] as const) {
    const since = performance.now();
    let text = '';
    let first: number | undefined;
    show(attention, { state: 'running', text, since, first });
    const options = { collection, attention, earlier, ...(filter && { filter }), signal };
    for await (const event of opened().client.stream(question, options)) {
      if (event.type === 'text') {
        first ??= performance.now() - since;
        text += event.text;
        show(attention, { state: 'running', text, since, first });
        continue;
      }
      const { answer, usage, timings_ms } = event.answer;
      const lap = { answer, usage, firstToken: timings_ms.first_token };
      laps[attention] = lap;
      show(attention, { state: 'done', lap });
    }
  }
  changeTurn(id, turn.id, { race: laps as Record<Mode, Lap> });
  keepConversation(id);
}

/** Unguessable enough to be told apart; crypto.randomUUID is not there on pages without TLS. */
function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(9)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
