/** XFA forms: XML inside of a PDF that has the form's fields and their values. A dynamic one has no pages to read. */
import { DOMParser } from '@xmldom/xmldom';
import type { Block } from '../types.ts';

const ELEMENT = 1;
const MAX_DEPTH = 100;
/** Not for readers. */
const HIDDEN = new Set(['hidden', 'invisible']);

interface Value {
  name: string;
  text: string;
  used: boolean;
}

/** What a form says, a line for each field: "Name of the guest: Ottilie Marbach". Empty where the XML is no form. */
export function xfaBlocks(packets: readonly (string | undefined)[]): Block[] {
  const root = parse(packets.join(''));
  if (root === undefined) return [];
  const template = find(root, 'template');
  const data = find(root, 'data') ?? find(root, 'datasets');
  const values = data === undefined ? [] : leaves(data);
  const lines: string[] = [];
  if (template !== undefined) walk(template, values, lines, 0);
  // Rows that a form repeats, and values without a field.
  for (const { name, text, used } of values) if (!used && text !== '') lines.push(`${name}: ${text}`);
  return lines.length === 0 ? [] : [{ kind: 'text', text: lines.join('\n') }];
}

function parse(xml: string): Element | undefined {
  if (xml.trim() === '') return undefined;
  const errorHandler = { warning: () => {}, error: () => {}, fatalError: () => {} };
  try {
    return new DOMParser({ errorHandler }).parseFromString(xml, 'text/xml')?.documentElement ?? undefined;
  } catch {
    return undefined;
  }
}

function walk(node: Element, values: readonly Value[], lines: string[], depth: number): void {
  if (depth > MAX_DEPTH || HIDDEN.has(node.getAttribute('presence') ?? '')) return;
  for (const child of childrenOf(node)) {
    if (child.localName === 'field') lines.push(...fieldLine(child, values));
    else if (child.localName === 'draw') {
      const text = textOf(childOf(child, 'value'));
      if (text !== '' && !HIDDEN.has(child.getAttribute('presence') ?? '')) lines.push(text);
    } else walk(child, values, lines, depth + 1);
  }
}

function fieldLine(field: Element, values: readonly Value[]): string[] {
  if (HIDDEN.has(field.getAttribute('presence') ?? '')) return [];
  const ui = childOf(field, 'ui');
  if (ui !== undefined && childOf(ui, 'button') !== undefined) return [];
  const bound = childOf(field, 'bind')?.getAttribute('ref')?.split('.').at(-1)?.replace(/\[.*$/, '');
  const names = [bound, field.getAttribute('name')];
  const value = values.find(({ name, used }) => !used && names.includes(name));
  if (value !== undefined) value.used = true;
  const stated = value?.text ?? textOf(childOf(field, 'value'));
  const caption = textOf(childOf(field, 'caption')) || (field.getAttribute('name') ?? '');
  const items = childrenOf(field).filter(({ localName }) => localName === 'items');
  if (ui !== undefined && childOf(ui, 'checkButton') !== undefined) {
    const on = items[0] && childrenOf(items[0])[0];
    return [`${stated !== '' && stated === (textOf(on) || '1') ? '[x]' : '[ ]'} ${caption}`];
  }
  if (stated === '') return [];
  return [`${caption}${/[:?]$/.test(caption) ? '' : ':'} ${shownChoice(stated, items)}`];
}

/** What a list of choices shows for the value that it stores. */
function shownChoice(value: string, items: readonly Element[]): string {
  const stored = items.find((list) => list.getAttribute('save') === '1');
  const shown = items.find((list) => list !== stored);
  if (stored === undefined || shown === undefined) return value;
  const at = childrenOf(stored).findIndex((item) => textOf(item) === value);
  const choice = at < 0 ? undefined : childrenOf(shown)[at];
  return textOf(choice) || value;
}

function leaves(data: Element): Value[] {
  const found: Value[] = [];
  const visit = (node: Element, depth: number) => {
    const children = childrenOf(node);
    if (children.length === 0) found.push({ name: node.localName, text: textOf(node), used: false });
    else if (depth < MAX_DEPTH) for (const child of children) visit(child, depth + 1);
  };
  for (const child of childrenOf(data)) visit(child, 0);
  return found;
}

function find(node: Element, name: string): Element | undefined {
  if (node.localName === name) return node;
  return (node.getElementsByTagNameNS('*', name)[0] as Element | undefined) ?? undefined;
}

function childOf(node: Element, name: string): Element | undefined {
  return childrenOf(node).find(({ localName }) => localName === name);
}

function childrenOf(node: Element): Element[] {
  return Array.from(node.childNodes).filter(({ nodeType }) => nodeType === ELEMENT) as Element[];
}

function textOf(node: Element | undefined): string {
  return (node?.textContent ?? '').replace(/\s+/g, ' ').trim();
}
