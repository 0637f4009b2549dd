/** Reading text of inline marks: superscripts, ticks, links. */
import { decodePercent } from '../percent.ts';

/** What a tick box reads as; text follows after the blank. */
export const TICKED = '[x] ';
export const UNTICKED = '[ ] ';

/** "10^6", "x_(n+1)"; the ending of an ordinal number, "1st", is no exponent. */
export function script(mark: '^' | '_', text: string, before: string): string {
  const content = text.trim();
  if (content === '') return text;
  if (mark === '^' && /^(?:st|nd|rd|th)$/i.test(content) && /\d$/.test(before)) return text;
  const isToken = /^[+\-−]?[\p{L}\p{M}\p{N}.,*†‡§'′]+$/u.test(content) && !/[.,]$/.test(content);
  const isMarked = /^\[[^\]]*\]$/.test(content);
  if (isMarked) return text;
  const tail = text.slice(text.trimEnd().length);
  return `${mark}${isToken ? content : `(${content})`}${tail}`;
}

/** A link's text with its target, unless the text shows it: "the pilots (pilots@lowe.example)". */
export function linked(text: string, target: string): string {
  const [, scheme = ''] = /^(mailto:|tel:|https?:\/\/)/i.exec(target) ?? [];
  if (scheme === '' || text.trim() === '') return text;
  const isPage = /^http/i.test(scheme);
  const address = isPage ? target : decodePercent(target.slice(scheme.length).split('?')[0]!);
  const bare = (value: string) =>
    value
      .replace(/^(?:https?:\/\/)?(?:www\.)?/i, '')
      .replace(/\/$/, '')
      .toLowerCase();
  const shown = isPage ? bare(text.trim()) : text.toLowerCase().replace(/[\s()-]/g, '');
  const wanted = isPage ? bare(address) : address.toLowerCase().replace(/[\s()-]/g, '');
  if (address === '' || shown.includes(wanted)) return text;
  const end = text.trimEnd();
  return `${end} (${address})${text.slice(end.length)}`;
}

/** One blank after a tick box, one before it within a line. */
export function tidyTicks(text: string): string {
  return text.replace(/(\[[x ]\]) {2,}/g, '$1 ').replace(/([\p{L}\p{N}])(?=\[[x ]\] )/gu, '$1 ');
}
