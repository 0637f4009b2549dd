/** A Word file with the parts that its text refers to. */
import { formatNumber } from '../office/numbers.ts';
import { OfficePackage } from '../office/package.ts';
import { child, elements, isOn, type XmlElement } from '../office/xml.ts';
import { Numbering } from './numbering.ts';
import { Styles, val } from './styles.ts';

export type NoteKind = 'footnote' | 'endnote' | 'comment';

/** A note where the text refers to it. */
export interface Note {
  /** "1" or "iv"; undefined where the author has set a sign of his own, and for comments. */
  mark: string | undefined;
  author: string | undefined;
  /** Undefined if it has been taken before or is missing. */
  element: XmlElement | undefined;
  /** The part that it is in. */
  part: string;
}

interface NotePart {
  part: string;
  elements: Map<string, XmlElement>;
  format: string;
  count: number;
}

export class DocxFile {
  readonly package: OfficePackage;
  readonly root: XmlElement;
  readonly styles: Styles;
  readonly numbering: Numbering;
  /** Whether even pages have headers of their own. */
  readonly hasEvenHeaders: boolean;
  #notes: Record<NoteKind, NotePart>;

  private constructor(file: OfficePackage) {
    this.package = file;
    this.root = file.mainPart();
    this.styles = new Styles(file.related(file.main, 'styles'));
    this.numbering = new Numbering(file.related(file.main, 'numbering'), this.styles);
    const settings = file.related(file.main, 'settings');
    this.hasEvenHeaders = isOn(settings, 'w:evenAndOddHeaders') ?? false;
    const notes = (kind: NoteKind, format: string): NotePart => {
      const part = file.partsOfType(file.main, `${kind}s`)[0] ?? '';
      const found = elements(file.part(part), `w:${kind}`);
      const stated = val(child(settings, `w:${kind}Pr`), 'w:numFmt');
      const byId = new Map(found.map((element) => [element.attributes['w:id'] ?? '', element]));
      return { part, elements: byId, format: stated ?? format, count: 0 };
    };
    this.#notes = {
      footnote: notes('footnote', 'decimal'),
      endnote: notes('endnote', 'lowerRoman'),
      comment: notes('comment', 'none'),
    };
  }

  /** @throws BlockragError as `OfficePackage.open` does */
  static async open(bytes: Uint8Array, name: string): Promise<DocxFile> {
    return new DocxFile(await OfficePackage.open(bytes, name));
  }

  /** The note that a reference stands for. Each is given once, so that no note can hold itself. */
  takeNote(kind: NoteKind, reference: XmlElement): Note {
    const notes = this.#notes[kind];
    const id = reference.attributes['w:id'] ?? '';
    const element = notes.elements.get(id);
    notes.elements.delete(id);
    const isCounted =
      kind !== 'comment' && !/^(?:1|true|on)$/.test(reference.attributes['w:customMarkFollows'] ?? '');
    if (isCounted) notes.count += 1;
    return {
      mark: isCounted ? formatNumber(notes.count, notes.format) : undefined,
      author: element?.attributes['w:author'],
      element,
      part: notes.part,
    };
  }
}
