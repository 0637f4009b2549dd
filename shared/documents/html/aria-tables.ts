/** Tables by their roles alone, as pages draw them that are made by scripts. */
import { isLeftOut } from './noise.ts';
import type { Survey } from './survey.ts';
import type { TableRow } from './tables.ts';
import { attr, type HtmlElement, type HtmlNode, isElement, walkTree } from './tree.ts';

const TABLES = new Set(['table', 'grid', 'treegrid']);
const CELLS = new Set(['cell', 'gridcell']);
const HEADERS = new Set(['columnheader', 'rowheader']);

export function isAriaTable(element: HtmlElement, tag: string): boolean {
  return tag !== 'table' && element.attrs.length > 0 && TABLES.has(attr(element, 'role') ?? '');
}

export function isHeaderCell(cell: HtmlElement): boolean {
  return cell.tagName === 'th' || HEADERS.has(attr(cell, 'role') ?? '');
}

/** The rows, however they and their cells are wrapped. */
export function ariaRows(table: HtmlElement, survey: Survey): TableRow[] {
  const rows: TableRow[] = [];
  const enter = (node: HtmlNode) => {
    if (!isElement(node) || isLeftOut(node, node.tagName, survey)) return false;
    const role = attr(node, 'role') ?? '';
    if (role === 'row') rows.push({ cells: [], isHead: false });
    const isCell = CELLS.has(role) || HEADERS.has(role);
    if (isCell) rows.at(-1)?.cells.push(node);
    return !isCell;
  };
  walkTree(table, enter, () => {});
  return rows.filter(({ cells }) => cells.length > 0);
}
