/** The blocks of a slide. */
import { altText, graphicBlocks } from '../office/drawing.ts';
import { type GridRow, tableBlock } from '../office/grid.ts';
import type { OfficePackage, Relationships } from '../office/package.ts';
import { inReadingOrder } from '../office/reading-order.ts';
import { child, descendants, elements, isTrue, textContent, type XmlElement } from '../office/xml.ts';
import type { Block } from '../types.ts';
import { type Places, placeholder } from './places.ts';
import { bodyLines } from './text.ts';

/** Text that the whole presentation has, and what a slide's own blocks are. */
export interface Slide {
  title: string;
  /** It opens the presentation or a part of it: its title is in the middle. */
  isOpening: boolean;
  footer: string;
  blocks: Block[];
}

const MAX_SPAN = 1000;

/** What reading the shapes of a slide needs. */
interface Context {
  file: OfficePackage;
  part: string;
  links: Relationships;
  places: Places;
}

/** Reads a slide's shapes in reading order, then its notes and comments. */
export function readSlide(file: OfficePackage, part: string, places: Places): Slide {
  const slide: Slide = { title: '', isOpening: false, footer: '', blocks: [] };
  const tree = child(file.part(part), 'p:cSld', 'p:spTree');
  const shapes = shapeBlocks(slide, tree, { file, part, links: file.relationships(part), places });
  slide.blocks.push(...shapes, ...notes(file, part), ...comments(file, part));
  return slide;
}

function shapeBlocks(slide: Slide, tree: XmlElement | undefined, context: Context): Block[] {
  const { places, part } = context;
  const shapes = elements(tree).flatMap((shape) => {
    const blocks = blocksOf(slide, shape, context).filter(
      (block) => block.kind === 'table' || block.text !== '',
    );
    return blocks.length === 0 ? [] : [{ box: places.boxOf(shape, part), blocks }];
  });
  return inReadingOrder(shapes).flatMap(({ blocks }) => blocks);
}

function blocksOf(slide: Slide, shape: XmlElement, context: Context): Block[] {
  if (shape.name === 'p:grpSp') return shapeBlocks(slide, shape, context);
  const properties = descendants(shape, 'p:cNvPr')[0];
  if (isTrue(properties?.attributes.hidden)) return [];
  if (shape.name === 'p:sp') return textBlocks(slide, shape, context.links);
  if (shape.name !== 'p:pic' && shape.name !== 'p:graphicFrame') return [];
  const { file, links } = context;
  const isFrame = shape.name === 'p:graphicFrame';
  return [
    ...(isFrame ? descendants(shape, 'a:tbl').map((table) => readTable(table, links)) : []),
    ...(isFrame ? graphicBlocks(shape, file, links) : []),
    { kind: 'text', text: altText(properties) },
  ];
}

/** The text of a shape, unless it is the slide's title or footer, which are noted. */
function textBlocks(slide: Slide, shape: XmlElement, links: Relationships): Block[] {
  const holder = placeholder(shape);
  const type = holder === undefined ? undefined : (holder.attributes.type ?? 'obj');
  if (type === 'sldNum' || type === 'dt' || type === 'hdr') return [];
  const isBody = type === 'obj' || type === 'body';
  const text = bodyLines(child(shape, 'p:txBody'), links, isBody).join('\n');
  if (type === 'ftr') slide.footer = text;
  else if ((type === 'title' || type === 'ctrTitle') && slide.title === '') {
    slide.title = text;
    slide.isOpening = type === 'ctrTitle';
  } else return [{ kind: 'text', text }];
  return [];
}

function readTable(table: XmlElement, links: Relationships): Block {
  const rows = elements(table, 'a:tr').map((row): GridRow => {
    const cells = elements(row, 'a:tc').map((cell, start) => ({
      start,
      span: Math.min(Number(cell.attributes.gridSpan ?? 1) || 1, MAX_SPAN),
      lines: bodyLines(child(cell, 'a:txBody'), links, false),
      isContinued: isTrue(cell.attributes.vMerge),
      isCovered: isTrue(cell.attributes.hMerge),
    }));
    return { cells: cells.filter(({ isCovered }) => !isCovered) };
  });
  const hasHeader = rows.length > 1 && isTrue(child(table, 'a:tblPr')?.attributes.firstRow);
  if (hasHeader) rows[0]!.isHeader = true;
  return tableBlock(rows);
}

function notes(file: OfficePackage, part: string): Block[] {
  return file.partsOfType(part, 'notesSlide').flatMap((target): Block[] => {
    const shapes = descendants(file.part(target), 'p:sp').filter(
      (shape) => placeholder(shape)?.attributes.type === 'body',
    );
    const lines = shapes.flatMap((shape) =>
      bodyLines(child(shape, 'p:txBody'), file.relationships(target), false),
    );
    return lines.length === 0 ? [] : [{ kind: 'text', text: `Notes: ${lines.join('\n')}` }];
  });
}

function comments(file: OfficePackage, part: string): Block[] {
  const found = file
    .partsOfType(part, 'comments')
    .flatMap((target) => descendants(file.part(target), 'p:text', 'a:t'));
  return found.map((text) => ({ kind: 'text', text: `Comment: ${textContent(text)}` }));
}
