/** Documents: what there is, how it is coming on, and adding more. */
import { useState } from 'preact/hooks';
import type { DocumentView } from '../../../shared/client/index.ts';
import { Loading, Problem } from '../parts/controls.tsx';
import { confirmed } from '../parts/dialog.tsx';
import { Icon } from '../parts/icon.tsx';
import { go, type Route } from '../route.ts';
import { failed, opened } from '../session.ts';
import { useStore } from '../store.ts';
import { texts } from '../texts.ts';
import { Viewer } from '../viewer/viewer.tsx';
import { AddFiles } from './add-files.tsx';
import { documents, dropDocuments, isPending, loadDocuments } from './documents.ts';
import { DocumentRow } from './row.tsx';
import { UploadRow } from './upload-row.tsx';
import { uploads } from './uploads.ts';

const say = texts.documents;
const PAGE = 100;

type StatusFilter = '' | keyof typeof say.statuses;
interface Wanted {
  text: string;
  collection: string;
  status: StatusFilter;
}

export function DocumentsPage({ at }: { at: Extract<Route, { page: 'documents' }> }) {
  const { loaded, failure, byId } = useStore(documents);
  const sending = useStore(uploads);
  const [wanted, setWanted] = useState<Wanted>({ text: '', collection: '', status: '' });
  const [shown, setShown] = useState(PAGE);
  const mayWrite = opened().caller.scopes.some((scope) => scope === 'write' || scope === 'admin');
  const all = [...byId.values()];
  const found = all
    .filter((one) => matches(one, wanted))
    .sort((a, b) => Number(isPending(b)) - Number(isPending(a)) || b.updated_at.localeCompare(a.updated_at));
  const close = () => go({ page: 'documents', document: undefined, passage: undefined });
  return (
    <div class={at.document === undefined ? 'page' : 'page with-viewer'}>
      <div class="page-main">
        <h1>{say.title}</h1>
        {mayWrite ? <AddFiles collection={wanted.collection} /> : <p class="note">{say.readOnly}</p>}
        {failure !== undefined && <Problem failure={failure} onRetry={() => void loadDocuments()} />}
        {!loaded && <Loading />}
        {loaded && all.length === 0 && sending.length === 0 && failure === undefined && (
          <div class="empty">
            <h2>{say.empty}</h2>
            <p>{say.emptyHint}</p>
          </div>
        )}
        {(all.length > 0 || sending.length > 0) && (
          <>
            <Filters wanted={wanted} onChange={setWanted} mayWrite={mayWrite} />
            <p class="quiet count" role="status">
              {say.count(found.length, all.length)}
            </p>
            <table class="documents">
              <thead>
                <tr>
                  <th scope="col">{say.columns.name}</th>
                  <th scope="col" class="wide-only">
                    {say.columns.collection}
                  </th>
                  <th scope="col">{say.columns.status}</th>
                  <th scope="col" class="wide-only number">
                    {say.columns.size}
                  </th>
                  <th scope="col" class="wide-only">
                    {say.columns.changed}
                  </th>
                  <th scope="col">
                    <span class="hidden">{say.actions}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {sending.map((upload) => (
                  <UploadRow key={`upload-${upload.id}`} upload={upload} />
                ))}
                {found.slice(0, shown).map((document) => (
                  <DocumentRow
                    key={document.id}
                    document={document}
                    mayWrite={mayWrite}
                    current={at.document === document.id}
                  />
                ))}
              </tbody>
            </table>
            {found.length === 0 && all.length > 0 && <p class="empty">{say.noMatch}</p>}
            {found.length > shown && (
              <button type="button" class="button more" onClick={() => setShown(shown + PAGE)}>
                {say.more(Math.min(PAGE, found.length - shown))}
              </button>
            )}
          </>
        )}
      </div>
      {at.document !== undefined && (
        <Viewer key={at.document} id={at.document} passage={at.passage} onClose={close} />
      )}
    </div>
  );
}

function matches(document: DocumentView, { text, collection, status }: Wanted): boolean {
  const sought = text.trim().toLowerCase();
  const { name, title } = document;
  if (collection !== '' && document.collection !== collection) return false;
  if (status !== '' && (isPending(document) ? 'pending' : document.status) !== status) return false;
  return sought === '' || name.toLowerCase().includes(sought) || title.toLowerCase().includes(sought);
}

function Filters(props: { wanted: Wanted; onChange: (wanted: Wanted) => void; mayWrite: boolean }) {
  const { wanted, onChange, mayWrite } = props;
  const { collections, byId } = useStore(documents);
  const collection = collections.find(({ name }) => name === wanted.collection);
  const remove = async () => {
    if (collection === undefined) return;
    const { name } = collection;
    const inside = [...byId.values()].filter((one) => one.collection === name).length;
    const yes = await confirmed({
      title: say.removeCollectionTitle(name),
      text: say.removeCollectionText(inside),
      action: say.remove,
    });
    if (!yes) return;
    try {
      await opened().client.removeCollection(name);
      dropDocuments((one) => one.collection === name);
      onChange({ ...wanted, collection: '' });
    } catch (error) {
      documents.update((now) => ({ ...now, failure: failed(error) }));
    }
  };
  return (
    <search class="filters">
      <label class="search">
        <Icon name="search" />
        <span class="hidden">{say.search}</span>
        <input
          type="search"
          placeholder={say.search}
          value={wanted.text}
          onInput={(event) => onChange({ ...wanted, text: event.currentTarget.value })}
        />
      </label>
      <label>
        <span class="hidden">{say.collection}</span>
        <select
          value={wanted.collection}
          onChange={(event) => onChange({ ...wanted, collection: event.currentTarget.value })}
        >
          <option value="">{say.allCollections(collections.length)}</option>
          {collections.map(({ name, documents: count }) => (
            <option key={name} value={name}>
              {name} ({count})
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="hidden">{say.status}</span>
        <select
          value={wanted.status}
          onChange={(event) => onChange({ ...wanted, status: event.currentTarget.value as StatusFilter })}
        >
          <option value="">{say.allStatuses}</option>
          {Object.entries(say.statuses).map(([status, label]) => (
            <option key={status} value={status}>
              {label}
            </option>
          ))}
        </select>
      </label>
      {mayWrite && collection !== undefined && (
        <button type="button" class="button" onClick={() => void remove()}>
          <Icon name="remove" /> {say.removeCollection}
        </button>
      )}
    </search>
  );
}
