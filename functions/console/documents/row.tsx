/** One document in the list: what it is, how it is coming on, and what can be done with it. */
import { useRef } from 'preact/hooks';
import type { DocumentView } from '../../../shared/client/index.ts';
import { formatAgo, formatBytes, formatDate } from '../format.ts';
import { IconButton, Meter } from '../parts/controls.tsx';
import { confirmed } from '../parts/dialog.tsx';
import { toHash } from '../route.ts';
import { failed, opened } from '../session.ts';
import { texts } from '../texts.ts';
import { documents, dropDocuments } from './documents.ts';
import { saveOriginal } from './original.ts';
import { sendFiles } from './uploads.ts';

const say = texts.documents;

interface RowProps {
  document: DocumentView;
  mayWrite: boolean;
  /** Whether it is the one that is looked at. */
  current: boolean;
}

export function DocumentRow({ document, mayWrite, current }: RowProps) {
  const { id, name, title, collection, bytes, passages, tokens, updated_at } = document;
  const file = useRef<HTMLInputElement>(null);
  const attempt = (work: Promise<void>) =>
    work.catch((error: unknown) => documents.update((now) => ({ ...now, failure: failed(error) })));
  const remove = async () => {
    const yes = await confirmed({ title: say.removeTitle(name), text: say.removeText, action: say.remove });
    if (!yes) return;
    await opened().client.remove(id);
    dropDocuments((one) => one.id === id);
  };
  const replace = (input: HTMLInputElement) => {
    const [chosen] = input.files ?? [];
    if (chosen !== undefined) sendFiles([{ name, file: chosen }], collection);
    input.value = '';
  };
  return (
    <tr class={current ? 'current' : undefined}>
      <td class="name">
        <a href={toHash({ page: 'documents', document: id, passage: undefined })}>{name}</a>
        {title !== '' && title !== name && <span class="quiet title">{title}</span>}
        <span class="quiet narrow-only">
          {collection}, {formatBytes(bytes)}
        </span>
      </td>
      <td class="wide-only">{collection}</td>
      <td class="status">
        <Status document={document} />
        {document.status === 'ready' && <span class="quiet facts">{say.facts(passages, tokens)}</span>}
      </td>
      <td class="wide-only number">{formatBytes(bytes)}</td>
      <td class="wide-only">
        <time dateTime={updated_at} title={formatDate(updated_at)}>
          {formatAgo(updated_at)}
        </time>
      </td>
      <td class="actions">
        <IconButton
          icon="download"
          label={`${say.download}: ${name}`}
          class="wide-only"
          onClick={() => void attempt(saveOriginal(document))}
        />
        {mayWrite && (
          <>
            <IconButton
              icon="replace"
              label={`${say.replace}: ${name}`}
              onClick={() => file.current!.click()}
            />
            <IconButton
              icon="remove"
              label={`${say.remove}: ${name}`}
              onClick={() => void attempt(remove())}
            />
            <input ref={file} type="file" hidden onChange={(event) => replace(event.currentTarget)} />
          </>
        )}
      </td>
    </tr>
  );
}

function Status({ document }: { document: DocumentView }) {
  const { name, status, error, answers, encoded, passages } = document;
  if (status === 'ready') return <span class="badge ready">{say.ready}</span>;
  if (status === 'failed') {
    const advice = error === null ? undefined : say.whatToDo[error.code];
    return (
      <>
        <span class="badge failed">{say.failed}</span>
        <p class="reason">
          {error?.message} {advice} {answers && say.answersOld}
        </p>
      </>
    );
  }
  const reading = status === 'encoding' && passages > 0;
  return (
    <>
      <span class="badge pending">{reading ? say.encoding(encoded, passages) : say.queued}</span>
      <Meter value={reading ? encoded / passages : undefined} label={name} />
      {answers && <p class="quiet">{say.answersOld}</p>}
    </>
  );
}
