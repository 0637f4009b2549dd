/** XFA forms: XML inside of a PDF that has the form's fields and their values. A dynamic one has no pages to read. */
import { child, descendants, elements, parseXml, textContent, type XmlElement } from '../office/xml.ts';
import type { Block } from '../types.ts';

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
  if (template !== undefined) walk(template, values, lines);
  // Rows that a form repeats, and values without a field.
  for (const { name, text, used } of values) if (!used && text !== '') lines.push(`${name}: ${text}`);
  return lines.length === 0 ? [] : [{ kind: 'text', text: lines.join('\n') }];
}

function parse(xml: string): XmlElement | undefined {
  try {
    return parseXml(Buffer.from(xml));
  } catch {
    return undefined;
  }
}

function walk(node: XmlElement, values: readonly Value[], lines: string[]): void {
  if (isHidden(node)) return;
  for (const part of elements(node)) {
    if (part.name === '_:field') lines.push(...fieldLine(part, values));
    else if (part.name === '_:draw') {
      const text = textOf(child(part, '_:value'));
      if (text !== '' && !isHidden(part)) lines.push(text);
    } else walk(part, values, lines);
  }
}

const isHidden = ({ attributes }: XmlElement) => HIDDEN.has(attributes.presence ?? '');

function fieldLine(field: XmlElement, values: readonly Value[]): string[] {
  const ui = child(field, '_:ui');
  if (isHidden(field) || child(ui, '_:button') !== undefined) return [];
  const bound = child(field, '_:bind')?.attributes.ref?.split('.').at(-1)?.replace(/\[.*$/, '');
  const names = [bound, field.attributes.name];
  const value = values.find(({ name, used }) => !used && names.includes(name));
  if (value !== undefined) value.used = true;
  const stated = value?.text ?? textOf(child(field, '_:value'));
  const caption = textOf(child(field, '_:caption')) || (field.attributes.name ?? '');
  const items = elements(field, '_:items');
  if (child(ui, '_:checkButton') !== undefined) {
    const on = elements(items[0])[0];
    return [`${stated !== '' && stated === (textOf(on) || '1') ? '[x]' : '[ ]'} ${caption}`];
  }
  if (stated === '') return [];
  return [`${caption}${/[:?]$/.test(caption) ? '' : ':'} ${shownChoice(stated, items)}`];
}

/** What a list of choices shows for the value that it stores. */
function shownChoice(value: string, items: readonly XmlElement[]): string {
  const stored = items.find((list) => list.attributes.save === '1');
  const shown = items.find((list) => list !== stored);
  if (stored === undefined || shown === undefined) return value;
  const at = elements(stored).findIndex((item) => textOf(item) === value);
  const choice = at < 0 ? undefined : elements(shown)[at];
  return textOf(choice) || value;
}

function leaves(data: XmlElement): Value[] {
  const found: Value[] = [];
  const visit = (node: XmlElement) => {
    const parts = elements(node);
    if (parts.length === 0)
      found.push({ name: node.name.split(':').at(-1)!, text: textOf(node), used: false });
    for (const part of parts) visit(part);
  };
  for (const part of elements(data)) visit(part);
  return found;
}

function find(node: XmlElement, name: string): XmlElement | undefined {
  return node.name === `_:${name}` ? node : descendants(node, `_:${name}`)[0];
}

function textOf(node: XmlElement | undefined): string {
  return textContent(node).replace(/\s+/g, ' ').trim();
}
