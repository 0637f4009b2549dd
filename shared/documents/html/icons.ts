/** Icons that are all that a table's cell shows: fonts and styles draw them, but their names tell what they say. */
import { namesOf } from './noise.ts';
import { attr, type HtmlElement, type HtmlNode, isElement, walkTree } from './tree.ts';

/** The class of an icon in the sets of icons that are in use. */
const ICON = /^(?:fa|bi|glyphicon|icon|mdi|ti|ri|la|octicon|lucide|feather|dashicons|codicon)-(.+)$/;
const YES = new Set(
  'check checked check-circle circle-check check-square square-check check-lg ok tick yes'.split(' '),
);
const NO = new Set(
  'times times-circle xmark circle-xmark x x-lg x-circle cross close remove cancel no ban'.split(' '),
);
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
  const icons = namesOf(element).map((name) => ICON.exec(name)?.[1] ?? '');
  if (icons.some((icon) => YES.has(icon))) return '✓';
  return icons.some((icon) => NO.has(icon)) ? '✗' : '';
}
