/** The blocks of a slide. */
import { altText, graphicBlocks } from '../office/drawing.ts';
import { type GridRow, tableBlock } from '../office/grid.ts';
import type { OfficePackage, Relationships } from '../office/package.ts';
import { child, descendants, elements, isTrue, textContent, type XmlElement } from '../office/xml.ts';
import type { Block } from '../types.ts';
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

/** Reads a slide's shapes in their order, then its notes and comments. */
export function readSlide(file: OfficePackage, part: string): Slide {
  const slide: Slide = { title: '', isOpening: false, footer: '', blocks: [] };
  const links = file.relationships(part);
  addShapes(slide, child(file.part(part), 'p:cSld', 'p:spTree'), file, links);
  slide.blocks.push(...notes(file, part), ...comments(file, part));
  return { ...slide, blocks: slide.blocks.filter((block) => block.kind === 'table' || block.text !== '') };
}

function addShapes(
  slide: Slide,
  tree: XmlElement | undefined,
  file: OfficePackage,
  links: Relationships,
): void {
  for (const shape of elements(tree)) {
    const properties = descendants(shape, 'p:cNvPr')[0];
    if (shape.name !== 'p:grpSp' && isTrue(properties?.attributes.hidden)) continue;
    if (shape.name === 'p:grpSp') addShapes(slide, shape, file, links);
    else if (shape.name === 'p:sp') addText(slide, shape, links);
    else if (shape.name === 'p:graphicFrame') {
      for (const table of descendants(shape, 'a:tbl')) slide.blocks.push(readTable(table, links));
      slide.blocks.push(...graphicBlocks(shape, file, links));
    }
    if (shape.name === 'p:pic' || shape.name === 'p:graphicFrame') {
      slide.blocks.push({ kind: 'text', text: altText(properties) });
    }
  }
}

function addText(slide: Slide, shape: XmlElement, links: Relationships): void {
  const holder = placeholder(shape);
  const type = holder === undefined ? undefined : (holder.attributes.type ?? 'obj');
  if (type === 'sldNum' || type === 'dt' || type === 'hdr') return;
  const isBody = type === 'obj' || type === 'body';
  const text = bodyLines(child(shape, 'p:txBody'), links, isBody).join('\n');
  if (type === 'ftr') slide.footer = text;
  else if ((type === 'title' || type === 'ctrTitle') && slide.title === '') {
    slide.title = text;
    slide.isOpening = type === 'ctrTitle';
  } else slide.blocks.push({ kind: 'text', text });
}

function placeholder(shape: XmlElement): XmlElement | undefined {
  return child(shape, 'p:nvSpPr', 'p:nvPr', 'p:ph');
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
