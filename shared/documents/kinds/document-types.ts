/** The formats that are read, and the names and media types that tell of them. */

/** Formats whose bytes are no text. */
export type BinaryType = 'pdf' | 'docx' | 'xlsx' | 'pptx' | 'odt' | 'epub' | 'email';
export type DocumentType =
  | BinaryType
  | ('html' | 'xml' | 'markdown' | 'rst' | 'asciidoc' | 'org' | 'latex' | 'text')
  | ('csv' | 'json' | 'yaml' | 'log' | 'code');

const BINARY_TYPES: readonly string[] = [
  'pdf',
  'docx',
  'xlsx',
  'pptx',
  'odt',
  'epub',
  'email',
] satisfies BinaryType[];

export function isBinaryType(type: DocumentType | undefined): type is BinaryType {
  return BINARY_TYPES.includes(type ?? '');
}

const EXTENSIONS: Readonly<Record<DocumentType, string>> = {
  pdf: 'pdf',
  docx: 'docx docm dotx dotm',
  xlsx: 'xlsx xlsm xltx xltm',
  pptx: 'pptx pptm ppsx potx',
  odt: 'odt ods odp ott ots otp',
  epub: 'epub',
  email: 'eml mbox mht mhtml',
  html: 'html htm xhtml xht shtml',
  xml: 'xml xsd xsl xslt rss atom svg plist kml gpx fb2 dbk docbook dita ditamap tei opml wsdl xliff xlf tmx',
  markdown: 'md markdown mdown mkd mkdn mdwn mdx rmd qmd',
  rst: 'rst rest',
  asciidoc: 'adoc asciidoc asc',
  org: 'org',
  latex: 'tex latex ltx',
  text: 'txt text me srt vtt',
  csv: 'csv tsv tab psv',
  json: 'json jsonl ndjson jsonc json5 geojson ipynb webmanifest har',
  yaml: 'yaml yml',
  log: 'log out err',
  code:
    'py pyi pyw rb js mjs cjs jsx ts mts cts tsx vue svelte java kt kts scala groovy gradle c h cc cpp cxx hh hpp hxx ' +
    'cs fs fsx vb go rs swift m mm php pl pm lua r jl dart ex exs erl hrl hs ml mli clj cljs lisp el scm asm s sh bash ' +
    'zsh fish ps1 bat cmd awk sed sql graphql gql proto thrift tf hcl nix cmake mk make dockerfile css scss sass less ' +
    'ini cfg conf toml properties env editorconfig desktop service diff patch po pot bib sty cls ics vcf',
};

/** Names without an ending that are code, in small letters. */
const CODE_NAMES: ReadonlySet<string> = new Set(
  'makefile gnumakefile dockerfile containerfile jenkinsfile vagrantfile rakefile gemfile procfile justfile'.split(
    ' ',
  ),
);

const TYPE_OF_EXTENSION = new Map(
  Object.entries(EXTENSIONS).flatMap(([type, endings]) =>
    endings.split(' ').map((ending) => [ending, type as DocumentType] as const),
  ),
);

const OFFICE = 'application/vnd.openxmlformats-officedocument.';
const TYPE_OF_MEDIA_TYPE: Readonly<Record<string, DocumentType>> = {
  'application/pdf': 'pdf',
  [`${OFFICE}wordprocessingml.document`]: 'docx',
  [`${OFFICE}spreadsheetml.sheet`]: 'xlsx',
  [`${OFFICE}presentationml.presentation`]: 'pptx',
  'application/vnd.oasis.opendocument.text': 'odt',
  'application/epub+zip': 'epub',
  'message/rfc822': 'email',
  'application/mbox': 'email',
  'text/html': 'html',
  'application/xhtml+xml': 'html',
  'text/xml': 'xml',
  'application/xml': 'xml',
  'text/markdown': 'markdown',
  'text/x-markdown': 'markdown',
  'text/x-rst': 'rst',
  'text/prs.fallenstein.rst': 'rst',
  'text/asciidoc': 'asciidoc',
  'text/org': 'org',
  'text/x-org': 'org',
  'text/x-tex': 'latex',
  'application/x-tex': 'latex',
  'application/x-latex': 'latex',
  'text/plain': 'text',
  'text/csv': 'csv',
  'text/tab-separated-values': 'csv',
  'application/json': 'json',
  'application/x-ndjson': 'json',
  'application/jsonl': 'json',
  'text/yaml': 'yaml',
  'text/x-yaml': 'yaml',
  'application/yaml': 'yaml',
  'application/x-yaml': 'yaml',
  'text/css': 'code',
  'text/javascript': 'code',
  'application/javascript': 'code',
  'application/sql': 'code',
  'application/x-sh': 'code',
  'application/toml': 'code',
};

/** What a file's name says of its format. */
export function typeOfName(name: string): DocumentType | undefined {
  const base = name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1).toLowerCase();
  const dot = base.lastIndexOf('.');
  if (dot >= 0) return TYPE_OF_EXTENSION.get(base.slice(dot + 1));
  return CODE_NAMES.has(base) ? 'code' : undefined;
}

/** What a media type says of the format: "text/html; charset=utf-8" is HTML. */
export function typeOfMediaType(mediaType = ''): DocumentType | undefined {
  const base = mediaType.split(';')[0]!.trim().toLowerCase();
  const known = Object.hasOwn(TYPE_OF_MEDIA_TYPE, base) ? TYPE_OF_MEDIA_TYPE[base] : undefined;
  if (known !== undefined) return known;
  if (base.endsWith('+xml')) return 'xml';
  if (base.endsWith('+json')) return 'json';
  if (base.startsWith('text/x-')) return 'code';
  return base.startsWith('text/') ? 'text' : undefined;
}
