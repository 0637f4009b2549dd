/** A PDF, drawn page by page as it comes into view, with its text to select and the cited words marked. */
import * as pdfjs from 'pdfjs-dist';
import workerUrl from 'pdfjs-dist/build/pdf.worker.min.mjs';
import { useEffect, useRef, useState } from 'preact/hooks';
import { IconButton, Loading } from '../parts/controls.tsx';
import { texts } from '../texts.ts';
import { findPassage, type Range } from './highlight.ts';

const say = texts.viewer;
pdfjs.GlobalWorkerOptions.workerSrc = new URL(workerUrl, import.meta.url).href;
const ofPdf = (folder: string) => new URL(`${PDF_FILES}${folder}/`, import.meta.url).href;

/** More of a passage than this is on its pages, or its words are not there as they were read. */
const ENOUGH = 0.3;
const ZOOMS = [0.6, 0.8, 1, 1.25, 1.5, 2, 3];
const MAX_RATIO = 2;

/** A passage that is to be marked. */
export interface Target {
  text: string;
  page: number;
  pageEnd: number;
}

interface PdfProps {
  bytes: Uint8Array<ArrayBuffer>;
  target: Target | undefined;
  /** The file cannot be read. */
  onFailed: () => void;
  /** The passage's words are not on its pages. */
  onLost: () => void;
}

export function PdfPages({ bytes, target, onFailed, onLost }: PdfProps) {
  const [pdf, setPdf] = useState<pdfjs.PDFDocumentProxy>();
  const [size, setSize] = useState({ width: 612, height: 792 });
  const [zoom, setZoom] = useState(2);
  const scroller = useRef<HTMLDivElement>(null);
  const found = useRef(0);
  useEffect(() => {
    const task = pdfjs.getDocument({
      // The worker takes what it is given.
      data: bytes.slice(),
      cMapUrl: ofPdf('cmaps'),
      standardFontDataUrl: ofPdf('standard_fonts'),
      wasmUrl: ofPdf('wasm'),
      isEvalSupported: false,
      enableXfa: false,
    });
    const open = async () => {
      const document = await task.promise;
      const { width, height } = (await document.getPage(target?.page ?? 1)).getViewport({ scale: 1 });
      setSize({ width, height });
      setPdf(document);
    };
    let left = false;
    open().catch(() => {
      if (!left) onFailed();
    });
    return () => {
      left = true;
      void task.destroy();
    };
  }, [bytes]);
  if (pdf === undefined) return <Loading />;
  const marked = (share: number, page: number) => {
    found.current += share;
    if (page === target?.pageEnd && found.current < ENOUGH) onLost();
  };
  return (
    <div class="pdf">
      <div class="pdf-tools">
        <IconButton
          icon="minus"
          label={say.zoomOut}
          disabled={zoom === 0}
          onClick={() => setZoom(zoom - 1)}
        />
        <IconButton
          icon="plus"
          label={say.zoomIn}
          disabled={zoom === ZOOMS.length - 1}
          onClick={() => setZoom(zoom + 1)}
        />
      </div>
      <section class="pdf-pages" ref={scroller} tabIndex={0} aria-label={say.pages}>
        {Array.from({ length: pdf.numPages }, (_, i) => i + 1).map((number) => (
          <PdfPage
            key={number}
            pdf={pdf}
            number={number}
            size={size}
            zoom={ZOOMS[zoom]!}
            scroller={scroller}
            words={target && number >= target.page && number <= target.pageEnd ? target.text : undefined}
            first={number === target?.page}
            onMarked={(share) => marked(share, number)}
          />
        ))}
      </section>
    </div>
  );
}

interface PageProps {
  pdf: pdfjs.PDFDocumentProxy;
  /** From 1. */
  number: number;
  /** What a page is taken to measure before it is drawn. */
  size: { width: number; height: number };
  zoom: number;
  scroller: { current: HTMLElement | null };
  /** What is to be marked on it. */
  words: string | undefined;
  /** Whether it is where the passage begins. */
  first: boolean;
  onMarked: (share: number) => void;
}

function PdfPage({ pdf, number, size, zoom, scroller, words, first, onMarked }: PageProps) {
  const element = useRef<HTMLDivElement>(null);
  const [near, setNear] = useState(words !== undefined);
  useEffect(() => {
    if (first) element.current!.scrollIntoView({ block: 'start' });
    const watch = new IntersectionObserver(([entry]) => setNear((was) => was || entry!.isIntersecting), {
      root: scroller.current,
      rootMargin: '600px',
    });
    watch.observe(element.current!);
    return () => watch.disconnect();
  }, [first, scroller]);
  useEffect(() => {
    if (!near) return;
    const controller = new AbortController();
    const width = (scroller.current!.clientWidth - 32) * zoom;
    drawPage(pdf, number, element.current!, width, controller.signal)
      .then((pieces) => {
        if (controller.signal.aborted || words === undefined) return;
        onMarked(markWords(pieces, words));
        const mark = element.current!.querySelector('mark');
        if (first && mark !== null) mark.scrollIntoView({ block: 'center' });
      })
      .catch(() => {
        // The page was left while it was drawn.
      });
    return () => controller.abort();
  }, [near, zoom]);
  const ratio = size.height / size.width;
  return (
    <section
      class="pdf-page"
      ref={element}
      data-page={number}
      aria-label={say.pageLabel(number)}
      style={{ width: `${zoom * 100}%`, aspectRatio: String(1 / ratio) }}
    />
  );
}

/** Draws a page and lays its text over it. @returns the elements of the text */
async function drawPage(
  pdf: pdfjs.PDFDocumentProxy,
  number: number,
  into: HTMLElement,
  width: number,
  signal: AbortSignal,
): Promise<HTMLElement[]> {
  const page = await pdf.getPage(number);
  const plain = page.getViewport({ scale: 1 });
  const viewport = page.getViewport({ scale: width / plain.width });
  const ratio = Math.min(devicePixelRatio, MAX_RATIO);
  const canvas = document.createElement('canvas');
  canvas.width = Math.floor(viewport.width * ratio);
  canvas.height = Math.floor(viewport.height * ratio);
  canvas.setAttribute('aria-hidden', 'true');
  const layer = document.createElement('div');
  layer.className = 'textLayer';
  into.style.aspectRatio = `${plain.width} / ${plain.height}`;
  into.style.setProperty('--total-scale-factor', String(viewport.scale));
  into.replaceChildren(canvas, layer);
  const drawing = page.render({
    canvas,
    viewport,
    ...(ratio === 1 ? {} : { transform: [ratio, 0, 0, ratio, 0, 0] }),
  });
  signal.addEventListener('abort', () => drawing.cancel(), { once: true });
  const text = new pdfjs.TextLayer({
    textContentSource: page.streamTextContent(),
    container: layer,
    viewport,
  });
  await text.render();
  // The words are there to be marked before the page is drawn.
  drawing.promise.catch(() => {});
  return text.textDivs;
}

/** Marks the words of a passage. @returns the share of them that was found */
function markWords(pieces: readonly HTMLElement[], words: string): number {
  const contents = pieces.map((piece) => piece.textContent ?? '');
  const { ranges, share } = findPassage(contents, words);
  const byPiece = new Map<number, Range[]>();
  for (const range of ranges) byPiece.set(range.piece, [...(byPiece.get(range.piece) ?? []), range]);
  for (const [index, inside] of byPiece) {
    const content = contents[index]!;
    const parts: (string | HTMLElement)[] = [];
    let at = 0;
    for (const { start, end } of inside) {
      const mark = document.createElement('mark');
      mark.textContent = content.slice(start, end);
      parts.push(content.slice(at, start), mark);
      at = end;
    }
    pieces[index]!.replaceChildren(...parts, content.slice(at));
  }
  return share;
}
