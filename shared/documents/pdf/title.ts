/** A PDF's title: what it says of itself where its first pages say so too, else its first heading. */
import type { Block, HeadingBlock } from '../types.ts';
import { squeeze } from './lines.ts';

const FIRST_PAGES = 2;
/** Headings that name a part or a state of a document, not the document. */
const NO_TITLE =
  /^(?:(?:\d+|[ivx]+)[.)]?\s|(?:table of )?contents$|introduction$|abstract$|summary$|preface$|foreword$|index$|chapter\b|part\b|appendix\b|draft\b|confidential\b|copy$|sample$|specimen$|final$|preliminary$|please wait)/i;
/** What programs and accounts put where a person would say something. */
const FILLER =
  /^\W*(?:anonymous|unspecified|unknown|untitled|author|user|owner|root|admin|administrator|windows user)\W*$|\.\w{2,5}$|^microsoft \w+ - /i;

/** The title, or undefined: then the outline's rules hold. @param stated that of the metadata */
export function pdfTitle(stated: string | undefined, blocks: readonly Block[]): string | undefined {
  const first = blocks.filter(({ page }) => (page ?? 1) <= FIRST_PAGES);
  const text = squeeze(first.map((block) => (block.kind === 'table' ? '' : block.text)).join(''));
  const claim = honest(stated) ?? '';
  if (squeeze(claim) !== '' && text.includes(squeeze(claim))) return claim;
  const headings = first.filter((block) => block.kind === 'heading') as HeadingBlock[];
  const level = Math.min(...headings.map((heading) => heading.level));
  // A document that begins with text has its headings for parts of it.
  const top = blocks.slice(0, 4).find((block) => block.kind === 'heading' && block.level === level);
  const heading =
    top?.kind === 'heading' && top.page === 1 && !NO_TITLE.test(top.text) ? top.text : undefined;
  return heading ?? (claim || undefined);
}

/** What metadata say, unless nobody said it. */
export function honest(stated: string | undefined): string | undefined {
  const text = stated?.trim() ?? '';
  return /\p{L}{2}/u.test(text) && !FILLER.test(text) ? text : undefined;
}
