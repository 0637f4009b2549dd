/** The parts of an Office file (OPC package) and the relationships between them. */
import { BlockragError } from '../../errors.ts';
import { elements, parseXml, type Takers, type XmlElement } from './xml.ts';
import { readZip } from './zip.ts';

/** What a part refers to by an id. */
export interface Relationship {
  /** The last step of the type's URI: "header", "hyperlink". */
  type: string;
  /** A part's name, or a URI where it is external. */
  target: string;
  isExternal: boolean;
}

export type Relationships = ReadonlyMap<string, Relationship>;

export class OfficePackage {
  /** Name of the part that the package is about: "word/document.xml". */
  readonly main: string;
  #name: string;
  #parts: Map<string, Buffer>;

  private constructor(parts: Map<string, Buffer>, name: string) {
    this.#parts = parts;
    this.#name = name;
    const main = this.partsOfType('', 'officeDocument')[0];
    if (main === undefined) throw this.#damaged('it has no main part');
    this.main = main;
  }

  /** @throws BlockragError as `readZip` does, `document_corrupt` */
  static async open(bytes: Uint8Array, name: string): Promise<OfficePackage> {
    return new OfficePackage(await readZip(bytes, name, isText), name);
  }

  /** A part's root element; undefined when there is no such part. @throws BlockragError `document_corrupt` */
  part(partName: string | undefined, take?: Takers): XmlElement | undefined {
    const bytes = partName === undefined ? undefined : this.#parts.get(partName.toLowerCase());
    if (bytes === undefined) return undefined;
    try {
      return parseXml(bytes, take);
    } catch (error) {
      if (error instanceof BlockragError) throw error;
      throw this.#damaged(`${partName} is not well-formed XML`, error);
    }
  }

  /** A part that is no XML, such as a document within the document; undefined when there is no such part. */
  bytes(partName: string): Buffer | undefined {
    return this.#parts.get(partName.toLowerCase());
  }

  /** A part that has to be there. @throws BlockragError `document_corrupt` */
  mainPart(): XmlElement {
    const root = this.part(this.main);
    if (root === undefined) throw this.#damaged(`${this.main} is missing`);
    return root;
  }

  /** What a part refers to; '' is the package itself. */
  relationships(partName: string): Relationships {
    const slash = partName.lastIndexOf('/') + 1;
    const folder = partName.slice(0, slash);
    const root = this.part(`${folder}_rels/${partName.slice(slash)}.rels`);
    return new Map(
      elements(root, 'rel:Relationship').map(({ attributes }) => {
        const isExternal = attributes.TargetMode === 'External';
        const target = attributes.Target ?? '';
        const relationship = {
          type: (attributes.Type ?? '').split('/').at(-1)!,
          target: isExternal ? target : resolvePart(folder, target),
          isExternal,
        };
        return [attributes.Id ?? '', relationship];
      }),
    );
  }

  /** Names of the parts of one type that a part refers to. */
  partsOfType(partName: string, type: string): string[] {
    const found = [...this.relationships(partName).values()];
    return found
      .filter((relationship) => relationship.type === type && !relationship.isExternal)
      .map(({ target }) => target);
  }

  /** The root of the first part of one type that a part refers to. */
  related(partName: string, type: string): XmlElement | undefined {
    return this.part(this.partsOfType(partName, type)[0]);
  }

  #damaged(what: string, cause?: unknown): BlockragError {
    return new BlockragError('document_corrupt', `${this.#name} is damaged and cannot be read: ${what}.`, {
      cause,
    });
  }
}

/** XML, and the documents that a Word file may hold. */
function isText(entryName: string): boolean {
  return /\.(?:xml|rels)$|^word\/(?!embeddings\/)(?:.*\/)?[^/]*\.(?:x?html?|mht|mhtml|txt|dat|docx)$/.test(
    entryName,
  );
}

/** "../media/a.xml" seen from "word/" is "media/a.xml". */
export function resolvePart(folder: string, target: string): string {
  const steps: string[] = target.startsWith('/') ? [] : folder.split('/');
  for (const step of target.split('/')) {
    if (step === '..') {
      if (steps.at(-1) === '') steps.pop();
      steps.pop();
    } else if (step !== '.' && step !== '') {
      if (steps.at(-1) === '') steps.pop();
      steps.push(step);
    }
  }
  return steps.join('/');
}
