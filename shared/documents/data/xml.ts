/** XML of any vocabulary: an element with text is a line, "name: text"; titles are headings. */
import { SaxesParser } from 'saxes';
import { parseFragment, parseHtml } from '../html/html.ts';
import { isPage } from '../html/page-text.ts';
import type { Block, Content } from '../types.ts';

/** Elements that hold prose: their names say nothing. */
const PROSE =
  /^(?:p|para|simpara|li|item|description|content|summary|text|tspan|body|note|abstract|listitem)$/i;
const TITLE = /^(?:title|head|heading)$/i;
/** Attributes that a reader sees in no way. */
const SILENT =
  /^(?:xmlns|xsi|xml|id|class|style|href|src|xlink)(?::|$)|^[a-z]$|^(?:width|height|viewBox|version)$/;
const MAX_ATTRIBUTE = 300;
const ROW = /^(?:row|tr|strow)$/i;
const CELL = /^(?:entry|td|th|stentry)$/i;
/** Pictures within the text. */
const BINARY = /^[A-Za-z0-9+/]{200,}={0,2}$/;
const BINARY_LINE = 40;

interface Open {
  name: string;
  /** Text so far, that of elements within it too, where it holds text of its own. */
  text: string;
  isMixed: boolean;
  /** Headings above, this element's own title included. */
  level: number;
  titled: boolean;
}

/** Reads any XML; what is not well-formed is read as a page, which forgives everything. */
export function parseXml(text: string): Content {
  const blocks: Block[] = [];
  let lines: string[] = [];
  let rows: string[][] = [];
  const open: Open[] = [];
  let failed = false;
  const flush = () => {
    const [header, ...body] = rows;
    rows = [];
    if (header !== undefined)
      blocks.push(
        body.length > 0 ? { kind: 'table', header, rows: body } : { kind: 'table', rows: [header] },
      );
    if (lines.length > 0) blocks.push({ kind: 'code', text: lines.join('\n') });
    lines = [];
  };
  const close = (element: Open, parent: Open | undefined) => {
    if (parent !== undefined && (parent.isMixed || TITLE.test(parent.name) || CELL.test(parent.name))) {
      parent.text += parent.isMixed ? element.text : ` ${element.text}`;
      return;
    }
    if (isPage(element.text)) {
      flush();
      const base = element.level;
      for (const block of parseFragment(element.text))
        blocks.push(block.kind === 'heading' ? { ...block, level: base + block.level } : block);
      return;
    }
    const shown = element.text.trim().replace(/\s+/g, ' ');
    if (CELL.test(element.name) && rows.length > 0) {
      rows.at(-1)!.push(shown);
      return;
    }
    if (shown === '' || isBinary(shown)) return;
    if (TITLE.test(element.name) && parent !== undefined && !parent.titled) {
      flush();
      parent.titled = true;
      parent.level++;
      blocks.push({ kind: 'heading', level: parent.level, text: shown });
    } else if (PROSE.test(element.name)) {
      flush();
      blocks.push({ kind: 'text', text: shown });
    } else lines.push(`${element.name}: ${shown}`);
  };
  const parser = new SaxesParser({ xmlns: false });
  parser.on('error', () => {
    failed = true;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const parent = open.at(-1);
    const own = name.slice(name.indexOf(':') + 1);
    for (const [attribute, value] of Object.entries(attributes)) {
      if (SILENT.test(attribute) || value.trim() === '' || value.length > MAX_ATTRIBUTE || parent?.isMixed)
        continue;
      lines.push(`${own} ${attribute}: ${value}`);
    }
    if (ROW.test(own)) {
      if (rows.length === 0) flush();
      rows.push([]);
    }
    open.push({ name: own, text: '', isMixed: false, level: parent?.level ?? 0, titled: false });
  });
  const take = (part: string) => {
    const element = open.at(-1);
    if (element === undefined) return;
    element.text += part;
    if (part.trim() !== '') element.isMixed = true;
  };
  parser.on('text', take);
  parser.on('cdata', take);
  parser.on('closetag', () => close(open.pop()!, open.at(-1)));
  try {
    parser.write(text).close();
  } catch {
    failed = true;
  }
  if (failed) return parseHtml(text);
  flush();
  return { blocks };
}

/** Base64, in lines or in one. */
function isBinary(text: string): boolean {
  const lines = text.split(' ');
  return lines.slice(0, -1).every((line) => line.length >= BINARY_LINE) && BINARY.test(lines.join(''));
}
