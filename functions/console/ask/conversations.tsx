/** The conversations of this browser, latest first. */

import { saveFile } from '../documents/original.ts';
import { formatDate } from '../format.ts';
import { IconButton } from '../parts/controls.tsx';
import { confirmed } from '../parts/dialog.tsx';
import { Icon } from '../parts/icon.tsx';
import { go, toHash } from '../route.ts';
import { useStore } from '../store.ts';
import { texts } from '../texts.ts';
import { toMarkdown } from './conversation.ts';
import { history, removeConversations } from './history.ts';

const say = texts.ask;

export function Conversations({ current }: { current: string | undefined }) {
  const { byId, kept } = useStore(history);
  const all = [...byId.values()].sort((a, b) => b.updated - a.updated);
  const begin = () => go({ page: 'ask', conversation: undefined });
  const removeAll = async () => {
    const asked = { title: say.removeAllTitle, text: say.removeText, action: say.remove };
    if (!(await confirmed(asked))) return;
    removeConversations(all.map(({ id }) => id));
    begin();
  };
  const exportAll = () => saveFile(JSON.stringify(all, null, 2), 'conversations.json');
  return (
    <section class="conversations" aria-label={say.conversations}>
      <a class="button new" href={toHash({ page: 'ask', conversation: undefined })}>
        <Icon name="plus" /> {say.newConversation}
      </a>
      {all.length === 0 && <p class="quiet">{kept ? say.noConversations : say.notKept}</p>}
      <ul>
        {all.map(({ id, title, updated }) => (
          <li key={id}>
            <a
              href={toHash({ page: 'ask', conversation: id })}
              aria-current={id === current ? 'page' : undefined}
              title={`${title}\n${formatDate(updated)}`}
            >
              {title}
            </a>
          </li>
        ))}
      </ul>
      {all.length > 0 && (
        <div class="conversations-foot">
          <button type="button" class="plain" onClick={exportAll}>
            {say.exportAll}
          </button>
          <button type="button" class="plain" onClick={() => void removeAll()}>
            {say.removeAll}
          </button>
        </div>
      )}
    </section>
  );
}

/** What can be done with one conversation. */
export function ConversationActions({ id }: { id: string }) {
  const { byId } = useStore(history);
  const conversation = byId.get(id);
  if (conversation === undefined) return null;
  const save = () => {
    const name = conversation.title.replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 60) || 'conversation';
    saveFile(toMarkdown(conversation), `${name}.md`);
  };
  const remove = async () => {
    const asked = { title: say.removeTitle, text: say.removeText, action: say.remove };
    if (!(await confirmed(asked))) return;
    removeConversations([id]);
    go({ page: 'ask', conversation: undefined });
  };
  return (
    <div class="conversation-actions">
      <IconButton icon="download" label={say.export} onClick={save} />
      <IconButton icon="remove" label={say.remove} onClick={() => void remove()} />
    </div>
  );
}
