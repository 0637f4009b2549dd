/** Where the shapes of a slide stand: what they say themselves, or what the layout or the master says of a placeholder. */
import type { OfficePackage } from '../office/package.ts';
import type { Box } from '../office/reading-order.ts';
import { child, descendants, elements, type XmlElement } from '../office/xml.ts';

/** Boxes of the placeholders of a layout or a master. */
interface Holders {
  byIndex: Map<string, Box | undefined>;
  byType: Map<string, Box | undefined>;
}

const NONE: Holders = { byIndex: new Map(), byType: new Map() };
const SHAPES = ['p:sp', 'p:pic', 'p:graphicFrame'];

/** The layouts of a presentation, each of which is read once. */
export class Places {
  #file: OfficePackage;
  #ofSlides = new Map<string, Holders | undefined>();
  #ofLayouts = new Map<string, Holders>();

  constructor(file: OfficePackage) {
    this.#file = file;
  }

  /** The box of a shape on a slide; undefined where nothing tells it. */
  boxOf(shape: XmlElement, slidePart: string): Box | undefined {
    const own = ownBox(shape);
    const holder = placeholder(shape);
    if (own !== undefined || holder === undefined) return own;
    const { byIndex, byType } = this.#ofSlide(slidePart) ?? NONE;
    const { index, type } = named(holder);
    return index !== undefined && byIndex.has(index) ? byIndex.get(index) : byType.get(type);
  }

  #ofSlide(slidePart: string): Holders | undefined {
    if (!this.#ofSlides.has(slidePart)) {
      const layout = this.#file.partsOfType(slidePart, 'slideLayout')[0];
      this.#ofSlides.set(slidePart, layout === undefined ? undefined : this.#ofLayout(layout));
    }
    return this.#ofSlides.get(slidePart);
  }

  #ofLayout(layoutPart: string): Holders {
    let holders = this.#ofLayouts.get(layoutPart);
    if (holders === undefined) {
      const master = holdersIn(this.#file.related(layoutPart, 'slideMaster'), NONE);
      holders = holdersIn(this.#file.part(layoutPart), master);
      this.#ofLayouts.set(layoutPart, holders);
    }
    return holders;
  }
}

/** The placeholder that a shape is, if any. */
export function placeholder(shape: XmlElement): XmlElement | undefined {
  const properties = elements(shape).find(({ name }) => name.startsWith('p:nv'));
  return child(properties, 'p:nvPr', 'p:ph');
}

function holdersIn(root: XmlElement | undefined, master: Holders): Holders {
  const holders: Holders = { byIndex: new Map(), byType: new Map() };
  for (const shape of descendants(child(root, 'p:cSld', 'p:spTree'), ...SHAPES)) {
    const holder = placeholder(shape);
    if (holder === undefined) continue;
    const { type, index } = named(holder);
    const box = ownBox(shape) ?? master.byType.get(masterType(type));
    if (index !== undefined && !holders.byIndex.has(index)) holders.byIndex.set(index, box);
    if (!holders.byType.has(type)) holders.byType.set(type, box);
  }
  return holders;
}

function named({ attributes }: XmlElement): { type: string; index: string | undefined } {
  return { type: attributes.type ?? 'obj', index: attributes.idx };
}

/** A master has one placeholder for all that is neither a title nor at the foot. */
function masterType(type: string): string {
  if (type === 'ctrTitle') return 'title';
  return ['title', 'dt', 'ftr', 'sldNum'].includes(type) ? type : 'body';
}

function ownBox(shape: XmlElement): Box | undefined {
  const frame =
    child(shape, 'p:xfrm') ?? child(shape, 'p:spPr', 'a:xfrm') ?? child(shape, 'p:grpSpPr', 'a:xfrm');
  const { x, y } = child(frame, 'a:off')?.attributes ?? {};
  const { cx, cy } = child(frame, 'a:ext')?.attributes ?? {};
  const [left, top, width, height] = [x, y, cx, cy].map((value) => Number(value ?? Number.NaN));
  const box = { left: left!, top: top!, width: width!, height: height! };
  return Object.values(box).every(Number.isFinite) ? box : undefined;
}
