/** Kinds of files that are not read, by their first bytes: a refusal says what a file is, and what to do with it. */

interface Signature {
  at: number;
  /** Latin-1. */
  bytes: string;
  what: string;
  advice: string;
}

const PICTURE = 'run OCR on it, and add the text or PDF that it makes';
const ARCHIVE = 'unpack it and add the files';
const RECORDING = 'add a transcript of it';
const NONE = 'it holds no text to read';

const SIGNATURES: readonly Signature[] = (
  [
    [0, '{\\rtf', 'an RTF document', 'save it as DOCX or PDF'],
    [0, '%!PS', 'a PostScript file', 'convert it to PDF'],
    [0, '\x89PNG', 'a PNG picture', PICTURE],
    [0, '\xff\xd8\xff', 'a JPEG picture', PICTURE],
    [0, 'GIF8', 'a GIF picture', PICTURE],
    [8, 'WEBP', 'a WebP picture', PICTURE],
    [0, 'II*\0', 'a TIFF picture', PICTURE],
    [0, 'MM\0*', 'a TIFF picture', PICTURE],
    [4, 'ftyphei', 'a HEIC picture', PICTURE],
    [4, 'ftypavif', 'an AVIF picture', PICTURE],
    [0, 'AT&TFORM', 'a DjVu document', 'convert it to PDF'],
    [0, 'BM', 'a BMP picture', PICTURE],
    [0, '\0\0\x01\0', 'an icon', NONE],
    [0, '8BPS', 'a Photoshop picture', PICTURE],
    [0, '\x1f\x8b', 'a gzip archive', ARCHIVE],
    [0, 'BZh', 'a bzip2 archive', ARCHIVE],
    [0, '\xfd7zXZ', 'an xz archive', ARCHIVE],
    [0, '\x28\xb5\x2f\xfd', 'a Zstandard archive', ARCHIVE],
    [0, '7z\xbc\xaf', 'a 7-Zip archive', ARCHIVE],
    [0, 'Rar!', 'a RAR archive', ARCHIVE],
    [257, 'ustar', 'a tar archive', ARCHIVE],
    [0, '!<arch>', 'an ar archive', ARCHIVE],
    [60, 'BOOKMOBI', 'a Mobipocket book', 'convert it to EPUB'],
    [0, 'ITSF', 'a compiled HTML help file', 'convert it to HTML or PDF'],
    [0, '\x7fELF', 'a program', NONE],
    [0, 'MZ', 'a program', NONE],
    [0, '\xca\xfe\xba\xbe', 'a program', NONE],
    [0, '\xcf\xfa\xed\xfe', 'a program', NONE],
    [0, '\0asm', 'a program', NONE],
    [0, 'SQLite format 3\0', 'an SQLite database', 'export its tables as CSV'],
    [0, 'PAR1', 'a Parquet file', 'export it as CSV'],
    [0, 'GGUF', 'a model', NONE],
    [0, 'OTTO', 'a font', NONE],
    [0, '\0\x01\0\0', 'a font', NONE],
    [0, 'wOF', 'a font', NONE],
    [0, 'ID3', 'a sound recording', RECORDING],
    [0, 'OggS', 'a sound recording', RECORDING],
    [0, 'fLaC', 'a sound recording', RECORDING],
    [8, 'WAVE', 'a sound recording', RECORDING],
    [4, 'ftyp', 'a film or sound recording', RECORDING],
    [0, '\x1aE\xdf\xa3', 'a film', RECORDING],
    [8, 'AVI ', 'a film', RECORDING],
  ] as const
).map(([at, bytes, what, advice]) => ({ at, bytes, what, advice }));

/** What these kinds are in text: they are known by their signature alone. */
const TEXT_KINDS = new Set(['an RTF document', 'a PostScript file', 'an ar archive']);
const HEAD_BYTES = 512;

/** Streams of an OLE compound file, in the order in which they are looked for. */
const COMPOUND_STREAMS: readonly [stream: string, what: string, advice: string][] = [
  ['WordDocument', 'a Word document of before 2007', 'save it as DOCX or PDF'],
  ['PowerPoint Document', 'a PowerPoint presentation of before 2007', 'save it as PPTX or PDF'],
  ['Workbook', 'an Excel workbook of before 2007', 'save it as XLSX or CSV'],
  ['Book', 'an Excel workbook of before 2007', 'save it as XLSX or CSV'],
  ['__nameid_version', 'an Outlook message', 'save it as an .eml file'],
];

/** "a PNG picture: run OCR on it, ..."; undefined for what has no known signature. */
export function unreadKind(data: Buffer): string | undefined {
  const head = data.toString('latin1', 0, HEAD_BYTES);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const isBinary = /[\0-\x08\x0e-\x1a\x1c-\x1f\x80-\xff]/.test(head);
  const found = SIGNATURES.find(
    ({ at, bytes, what }) => head.startsWith(bytes, at) && (isBinary || TEXT_KINDS.has(what)),
  );
  return found && `${found.what}: ${found.advice}`;
}

/** The same for an OLE compound file, which old Office formats are. */
export function compoundKind(data: Buffer): string | undefined {
  const found = COMPOUND_STREAMS.find(([stream]) => data.includes(Buffer.from(`${stream}\0`, 'utf16le')));
  return found && `${found[1]}: ${found[2]}`;
}

/** Whether a compound file is an Office document of today that is protected by a password. */
export function isEncryptedOffice(data: Buffer): boolean {
  return data.includes(Buffer.from('EncryptedPackage', 'utf16le'));
}
