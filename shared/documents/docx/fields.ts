/** Fields of Word: what is computed has a code, which is not shown, and a result, which is. */

import { TICKED, UNTICKED } from '../office/marks.ts';
import { symbolText } from '../office/symbols.ts';
import { child, elements, isOn, type XmlElement } from '../office/xml.ts';
import { val } from './styles.ts';

export interface Field {
  code: string;
  isInResult: boolean;
  /** Where its result begins. */
  start: number;
  /** The paragraph that it begins in. */
  paragraph: XmlElement | undefined;
  form: XmlElement | undefined;
}

/** The target of a HYPERLINK field. */
export function linkOf(code: string): string {
  return /^\s*HYPERLINK\s+"([^"]*)"/i.exec(code)?.[1] ?? '';
}

/** Whether it is the number of a page, or of all pages. */
export function isPageNumber(code: string): boolean {
  return /^\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b/i.test(code);
}

/** What a field shows that has no result: boxes, chosen entries, symbols and old equations. */
export function shownWithoutResult({ code, form }: Pick<Field, 'code' | 'form'>): string {
  const [name = ''] = /^\s*\w+/.exec(code) ?? [];
  switch (name.trim().toUpperCase()) {
    case 'FORMCHECKBOX': {
      const box = child(form, 'w:checkBox');
      return (isOn(box, 'w:checked') ?? isOn(box, 'w:default')) ? TICKED : UNTICKED;
    }
    case 'FORMDROPDOWN': {
      const list = child(form, 'w:ddList');
      const chosen = Number(val(list, 'w:result') ?? val(list, 'w:default') ?? 0);
      return elements(list, 'w:listEntry')[chosen]?.attributes['w:val'] ?? '';
    }
    case 'SYMBOL':
      return symbolOf(code);
    case 'EQ':
      return equationOf(code);
    default:
      return '';
  }
}

/** SYMBOL 254 \f Wingdings */
function symbolOf(code: string): string {
  const number = /^\s*SYMBOL\s+(0x[\da-f]+|\d+)/i.exec(code)?.[1];
  const font = /\\f\s+(?:"([^"]*)"|(\S+))/i.exec(code);
  return number === undefined
    ? ''
    : symbolText(font?.[1] ?? font?.[2] ?? '', Math.min(Number(number), 0xffff));
}

/** EQ \f(1,2) -> "1/2"; of other codes what stands in them. */
function equationOf(code: string): string {
  return code
    .replace(/^\s*EQ/i, '')
    .replace(/\\f\s?\(([^(),;\\]{1,100})[,;]([^(),;\\]{1,100})\)/gi, '$1/$2')
    .replace(/\\[a-z]+\d*/gi, '')
    .trim();
}
