/** What an Office file says of itself: its core, extended and custom properties. */
import type { OfficePackage } from './package.ts';
import { child, elements, textContent } from './xml.ts';

export interface Properties {
  title?: string | undefined;
  metadata: Record<string, string>;
}

/** What libraries write as the author when nobody is told. */
const GENERATORS =
  /^(?:python-docx|python-pptx|openpyxl|xlsxwriter|docx4j|apache poi|un-named|pptxgenjs|docx)$/i;
const GENERATED = /^generated (?:by|using) /i;
/** What programs call a document that nobody has named. */
const UNNAMED = /^(?:power ?point[- ]\p{L}+|word document)$/iu;
/** Custom properties that programs set: "_MarkAsFinal", "MSIP_Label_...", what a converter found in a PDF. */
const PROGRAM_PROPERTY =
  /[_.]|^(?:AssetID|ContentTypeId|Created|Creator|LastSaved|Producer|AppVersion|DocSecurity|LinksUpToDate|ScaleCrop|ShareDoc|HyperlinksChanged|ICV|KSO.*|Generator|Order|TemplateUrl|xd_.*)$/i;
const MAX_CUSTOM = 50;

/** Title and metadata of a file; what only a library has left there is left out. */
export function readProperties(file: OfficePackage): Properties {
  const core = file.related('', 'core-properties');
  const extended = file.related('', 'extended-properties');
  const custom = file.related('', 'custom-properties');
  const text = (name: string) => textContent(child(core, name)).trim();
  const isGenerated = GENERATORS.test(text('dc:creator'));
  const metadata: Record<string, string> = {};
  const set = (key: string, value: string) => {
    if (value !== '' && !(key in metadata)) metadata[key] = value;
  };
  if (!isGenerated) {
    set('author', text('dc:creator'));
    set('created', dateOf(text('dcterms:created')));
    if (dateOf(text('dcterms:modified')) !== metadata.created)
      set('modified', dateOf(text('dcterms:modified')));
  }
  set('subject', text('dc:subject'));
  set('keywords', text('core:keywords'));
  set('category', text('core:category'));
  set('status', text('core:contentStatus'));
  if (!GENERATED.test(text('dc:description'))) set('description', text('dc:description'));
  set('company', textContent(child(extended, 'app:Company')).trim());
  set('manager', textContent(child(extended, 'app:Manager')).trim());
  for (const property of elements(custom, 'custom:property').slice(0, MAX_CUSTOM)) {
    const name = property.attributes.name ?? '';
    if (name !== '' && !PROGRAM_PROPERTY.test(name)) set(name, textContent(property).trim());
  }
  const title = text('dc:title');
  return { title: title === '' || UNNAMED.test(title) ? undefined : title, metadata };
}

/** "2025-03-01T10:00:00Z" -> "2025-03-01". */
export function dateOf(value: string): string {
  return /^\d{4}-\d\d-\d\d/.exec(value)?.[0] ?? '';
}
