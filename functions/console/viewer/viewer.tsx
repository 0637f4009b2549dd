/** A document beside what cites it: its pages where it is a PDF, and its passages. */
import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { CitationView, DocumentView } from '../../../shared/client/index.ts';
import { saveOriginal } from '../documents/original.ts';
import type { Failure } from '../failure.ts';
import { formatBytes } from '../format.ts';
import { IconButton, Loading, Problem } from '../parts/controls.tsx';
import { failed, opened } from '../session.ts';
import { texts } from '../texts.ts';
import { type Listed, listPassages, Passages } from './passages.tsx';
import type { PdfPages, Target } from './pdf.tsx';

const say = texts.viewer;

interface ViewerProps {
  id: string;
  /** Index of the passage to be shown. */
  passage?: number | undefined;
  /** The passage as it was when a question was answered. */
  cited?: CitationView | undefined;
  onClose: () => void;
}

interface Shown {
  document: DocumentView | undefined;
  passages: Listed;
  /** Whether the passage that was cited is there no more, or not as it was. */
  decayed: 'gone' | 'changed' | undefined;
}

type Original =
  | { state: 'none' | 'loading' | 'failed' }
  | { state: 'pdf'; bytes: Uint8Array<ArrayBuffer>; Pages: ComponentType<Parameters<typeof PdfPages>[0]> };

export function Viewer({ id, passage = undefined, cited, onClose }: ViewerProps) {
  const [shown, setShown] = useState<Shown>();
  const [failure, setFailure] = useState<Failure>();
  const [original, setOriginal] = useState<Original>({ state: 'none' });
  const [tab, setTab] = useState<'pages' | 'passages'>('pages');
  const [lost, setLost] = useState(false);
  const close = useRef<HTMLDivElement>(null);
  const wanted = cited?.passage ?? passage;

  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const opener = document.activeElement;
    close.current!.querySelector('button')!.focus({ preventScroll: true });
    read(id, wanted, cited, signal)
      .then(async (now) => {
        setShown(now);
        if (now.decayed === 'gone' || (now.passages.rows[0]?.page ?? null) === null) return;
        setOriginal({ state: 'loading' });
        setOriginal(await openOriginal(id, signal));
      })
      .catch((error: unknown) => {
        if (!signal.aborted) setFailure(failed(error));
      });
    return () => {
      controller.abort();
      if (opener instanceof HTMLElement) opener.focus({ preventScroll: true });
    };
  }, []);

  const name = shown?.document?.name ?? cited?.document ?? '';
  const target = shown === undefined ? undefined : targetOf(shown, wanted);
  const pages = original.state === 'pdf' && tab === 'pages';
  return (
    <aside
      class="viewer"
      aria-label={name}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose();
      }}
    >
      <div class="viewer-head" ref={close}>
        <div class="viewer-title">
          <h2>{name}</h2>
          <p class="quiet">
            {shown?.document !== undefined && formatBytes(shown.document.bytes)}
            {cited !== undefined &&
              cited.page !== null &&
              `, ${say.page(cited.page, cited.page_end ?? cited.page)}`}
            {shown?.document?.pages != null &&
              shown.document.pages.recognised > 0 &&
              `, ${say.recognised(shown.document.pages)}`}
          </p>
        </div>
        {shown?.document !== undefined && (
          <IconButton
            icon="download"
            label={say.download}
            onClick={() => saveOriginal(shown.document!).catch((error: unknown) => setFailure(failed(error)))}
          />
        )}
        <IconButton icon="close" label={texts.close} onClick={onClose} />
      </div>
      {failure !== undefined && <Problem failure={failure} />}
      {shown?.decayed !== undefined && <Decayed how={shown.decayed} cited={cited} />}
      {original.state === 'pdf' && (
        <div class="tabs" role="tablist">
          {(['pages', 'passages'] as const).map((one) => (
            <button
              type="button"
              role="tab"
              key={one}
              aria-selected={tab === one}
              onClick={() => setTab(one)}
            >
              {say[one]}
            </button>
          ))}
        </div>
      )}
      {original.state === 'failed' && <p class="note">{say.pdfFailed}</p>}
      {lost && pages && <p class="note">{say.notFound}</p>}
      {shown === undefined && failure === undefined && <Loading />}
      {pages && (
        <original.Pages
          bytes={original.bytes}
          target={target}
          onFailed={() => setOriginal({ state: 'failed' })}
          onLost={() => setLost(true)}
        />
      )}
      {original.state === 'loading' && <Loading />}
      {shown?.document !== undefined && !pages && original.state !== 'loading' && (
        <Passages id={id} listed={shown.passages} wanted={shown.decayed === undefined ? wanted : undefined} />
      )}
    </aside>
  );
}

function Decayed({ how, cited }: { how: 'gone' | 'changed'; cited: CitationView | undefined }) {
  return (
    <div class="note decayed">
      <p>{say[how]}</p>
      {cited !== undefined && (
        <blockquote>
          <strong>{cited.title}</strong>
          <p class="passage-text">{cited.text}</p>
        </blockquote>
      )}
    </div>
  );
}

/** The document and its passages up to the one that is wanted. */
async function read(
  id: string,
  wanted: number | undefined,
  cited: CitationView | undefined,
  signal: AbortSignal,
): Promise<Shown> {
  let document: DocumentView;
  try {
    document = await opened().client.document(id, { signal });
  } catch (error) {
    const gone = cited !== undefined && failed(error).code === 'document_not_found';
    if (!gone) throw error;
    return { document: undefined, passages: { rows: [], next: null }, decayed: 'gone' };
  }
  const passages = await listPassages(id, wanted ?? 0, signal);
  const same = cited === undefined || passages.rows[cited.passage]?.text === cited.text;
  return { document, passages, decayed: same ? undefined : 'changed' };
}

/** What is to be marked on the pages. */
function targetOf({ passages, decayed }: Shown, wanted: number | undefined): Target | undefined {
  const row = decayed === undefined && wanted !== undefined ? passages.rows[wanted] : undefined;
  if (row === undefined || row.page === null) return undefined;
  return { text: row.text, page: row.page, pageEnd: row.page_end ?? row.page };
}

/** The original with what draws it, if it is a PDF: both come only when they are needed. */
async function openOriginal(id: string, signal: AbortSignal): Promise<Original> {
  try {
    const [bytes, { PdfPages: Pages }] = await Promise.all([
      opened().client.content(id, { signal }),
      import('./pdf.tsx'),
    ]);
    const start = new TextDecoder('latin1').decode(bytes.subarray(0, 1024));
    return start.includes('%PDF-') ? { state: 'pdf', bytes, Pages } : { state: 'none' };
  } catch {
    return { state: 'failed' };
  }
}
