/** Icons that are all that a table's cell shows: fonts and styles draw them, but their names tell what they say. */
import { namesOf } from './noise.ts';
import { attr, type HtmlElement, type HtmlNode, isElement, walkTree } from './tree.ts';

const YES =
  /^(?:fa|bi|glyphicon|icon|mdi|ti|ri|la|octicon|lucide|feather|dashicons|codicon)-(?:check|checked|check-circle|circle-check|check-square|square-check|check-lg|ok|tick|yes)$/;
const NO =
  /^(?:fa|bi|glyphicon|icon|mdi|ti|ri|la|octicon|lucide|feather|dashicons|codicon)-(?:times|times-circle|xmark|circle-xmark|x|x-lg|x-circle|cross|close|remove|cancel|no|ban)$/;
const ICONS = new Set(['i', 'b', 'em', 'span', 'svg']);
/** A cell of more elements is no icon. */
const MAX_ELEMENTS = 20;

/** "✓" or "✗", or the name that an icon is given; "" for other cells. */
export function iconText(cell: HtmlElement): string {
  let found = '';
  let count = 0;
  walkTree(
    cell,
    (node: HtmlNode) => {
      if (!isElement(node) || found !== '' || ++count > MAX_ELEMENTS) return false;
      found = nameOf(node);
      return true;
    },
    () => {},
  );
  return found;
}

function nameOf(element: HtmlElement): string {
  const label = ICONS.has(element.tagName) ? attr(element, 'title') || attr(element, 'aria-label') || '' : '';
  if (label.trim() !== '') return label.trim();
  const names = namesOf(element);
  if (names.some((name) => YES.test(name))) return '✓';
  return names.some((name) => NO.test(name)) ? '✗' : '';
}
