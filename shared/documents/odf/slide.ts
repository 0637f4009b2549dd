/** The blocks of a presentation's page. */
import { type Box, inReadingOrder } from '../office/reading-order.ts';
import { child, elements, type XmlElement } from '../office/xml.ts';
import type { Block } from '../types.ts';
import { type OdfReader, plainParagraphs } from './body.ts';
import { frames } from './inline.ts';

/** In EMU. */
const UNITS: Readonly<Record<string, number>> = {
  in: 914_400,
  cm: 360_000,
  mm: 36_000,
  pt: 12_700,
  pc: 152_400,
  px: 9_525,
};

interface Shape {
  box: Box | undefined;
  blocks: Block[];
}

/** The title as a heading, then what the shapes hold in reading order, then the notes; nothing for an empty page. */
export function slideBlocks(page: XmlElement, number: number, reader: OdfReader): Block[] {
  const notes = child(page, 'presentation:notes');
  const shown = { ...page, children: page.children.filter((node) => node !== notes) };
  const title = frames(shown).find(isTitle);
  const read = (frame: XmlElement) => reader.read({ ...page, children: [frame] });
  const heading = title === undefined ? '' : plainParagraphs(child(title, 'draw:text-box'), reader);
  const shapes = shapesIn(shown, (frame) => (frame === title ? [] : read(frame)));
  const blocks = inReadingOrder(shapes).flatMap((shape) => shape.blocks);
  const said =
    notes === undefined
      ? ''
      : frames(notes)
          .flatMap(read)
          .map((block) => (block.kind === 'table' ? '' : block.text))
          .join('\n')
          .trim();
  if (said !== '') blocks.push({ kind: 'text', text: `Notes: ${said}` });
  if (heading === '' && blocks.length === 0) return [];
  const all: Block[] = [{ kind: 'heading', level: 2, text: heading || `Slide ${number}` }, ...blocks];
  return all.map((block) => ({ ...block, page: number }));
}

/** The frame that holds a page's title. */
function isTitle(frame: XmlElement): boolean {
  return frame.attributes['presentation:class'] === 'title' && child(frame, 'draw:text-box') !== undefined;
}

/** The shapes that hold anything; a group is one. */
function shapesIn(parent: XmlElement, read: (frame: XmlElement) => Block[]): Shape[] {
  const shapes = elements(parent).map((element): Shape => {
    const isFrame = element.name === 'draw:frame' || element.name === 'draw:custom-shape';
    if (isFrame) return { box: boxOf(element), blocks: read(element) };
    const inner = shapesIn(element, read);
    return { box: around(inner), blocks: inReadingOrder(inner).flatMap(({ blocks }) => blocks) };
  });
  return shapes.filter(({ blocks }) => blocks.length > 0);
}

function around(shapes: readonly Shape[]): Box | undefined {
  let bounds: Box | undefined;
  for (const { box } of shapes) {
    if (box === undefined) continue;
    const { left, top, width, height } = bounds ?? box;
    const x = Math.min(left, box.left);
    const y = Math.min(top, box.top);
    bounds = {
      left: x,
      top: y,
      width: Math.max(left + width, box.left + box.width) - x,
      height: Math.max(top + height, box.top + box.height) - y,
    };
  }
  return bounds;
}

function boxOf({ attributes }: XmlElement): Box | undefined {
  const [left, top, width, height] = ['x', 'y', 'width', 'height'].map((side) =>
    lengthOf(attributes[`svg-compatible:${side}`]),
  );
  const isKnown = left !== undefined && top !== undefined && width !== undefined && height !== undefined;
  return isKnown ? { left, top, width, height } : undefined;
}

/** "2.5cm" in EMU. */
function lengthOf(length: string | undefined): number | undefined {
  const [, value, unit] = /^(-?[\d.]{1,20})([a-z]{2})$/.exec(length ?? '') ?? [];
  const emu = Number(value) * (UNITS[unit ?? ''] ?? Number.NaN);
  return Number.isFinite(emu) ? emu : undefined;
}
