/** What a PDF says of itself: its XMP packet, else its information dictionary. */
import { descendants, parseXml, textContent } from '../office/xml.ts';

export interface Info {
  title?: string | undefined;
  author?: string | undefined;
}

const MAX_DICTIONARY = 16 * 1024;
/** What PDFDocEncoding has where Latin-1 has control characters. */
const DOC_ENCODING: Readonly<Record<number, string>> = {
  128: '•',
  129: '†',
  130: '‡',
  131: '…',
  132: '—',
  133: '–',
  134: 'ƒ',
  135: '⁄',
  136: '‹',
  137: '›',
  138: '−',
  139: '‰',
  140: '„',
  141: '“',
  142: '”',
  143: '‘',
  144: '’',
  145: '‚',
  146: '™',
  147: 'ﬁ',
  148: 'ﬂ',
  149: 'Ł',
  150: 'Œ',
  151: 'Š',
  152: 'Ÿ',
  153: 'Ž',
  154: 'ı',
  155: 'ł',
  156: 'œ',
  157: 'š',
  158: 'ž',
  160: '€',
};

/** @param isEncrypted then the dictionary cannot be read */
export function readInfo(bytes: Uint8Array, xmp: string | undefined, isEncrypted: boolean): Info {
  const stated = xmp === undefined ? {} : fromXmp(xmp);
  const dictionary = isEncrypted ? '' : infoDictionary(bytes);
  return {
    title: stated.title || entry(dictionary, 'Title'),
    author: stated.author || entry(dictionary, 'Author'),
  };
}

function fromXmp(xmp: string): Info {
  try {
    const packet = parseXml(Buffer.from(xmp));
    const text = (name: string) => textContent(descendants(packet, `dc:${name}`)[0]).trim();
    return { title: text('title'), author: text('creator').replace(/\s*\n\s*/g, ', ') };
  } catch {
    return {};
  }
}

/** The last one of the file, where it stands for itself; one within a compressed object is not looked for. */
function infoDictionary(bytes: Uint8Array): string {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const trailer = data.lastIndexOf('/Info ');
  if (trailer < 0) return '';
  const reference = /^\/Info\s+(\d{1,10})\s+(\d{1,5})\s+R/.exec(latin1(data, trailer, 40));
  if (reference === null) return '';
  const start = `${reference[1]} ${reference[2]} obj`;
  for (let at = data.lastIndexOf(start); at >= 0; at = at === 0 ? -1 : data.lastIndexOf(start, at - 1)) {
    const before = at === 0 ? 10 : data[at - 1]!;
    // 12 0 obj ends with 2 0 obj.
    if (before < 48 || before > 57) return latin1(data, at, MAX_DICTIONARY).split('endobj')[0]!;
  }
  return '';
}

const latin1 = (data: Buffer, at: number, length: number) => data.toString('latin1', at, at + length);

function entry(dictionary: string, name: string): string | undefined {
  const at = dictionary.indexOf(`/${name}`);
  if (at < 0) return undefined;
  const value = dictionary.slice(at + name.length + 1).trimStart();
  if (value.startsWith('(')) return decode(literal(value));
  const hex = /^<([\da-fA-F\s]*)>/.exec(value)?.[1];
  return hex === undefined ? undefined : decode(Buffer.from(hex.replace(/\s/g, ''), 'hex'));
}

/** The bytes of "(a \(b\) \351)". */
function literal(value: string): Buffer {
  const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };
  let text = '';
  let depth = 0;
  for (let i = 0; i < value.length; i++) {
    const letter = value[i]!;
    if (letter === '\\') {
      const octal = /^[0-7]{1,3}/.exec(value.slice(i + 1, i + 4))?.[0];
      const next = value[i + 1] ?? '';
      if (octal !== undefined) text += String.fromCharCode(Number.parseInt(octal, 8) & 255);
      else if (next !== '\n' && next !== '\r') text += escapes[next] ?? next;
      i += octal?.length ?? 1;
    } else if (letter === '(' && depth++ === 0) continue;
    else if (letter === ')' && --depth === 0) break;
    else text += letter;
  }
  return Buffer.from(text, 'latin1');
}

function decode(text: Buffer): string {
  if (text[0] === 0xfe && text[1] === 0xff) return new TextDecoder('utf-16be').decode(text);
  if (text[0] === 0xff && text[1] === 0xfe) return new TextDecoder('utf-16le').decode(text);
  if (text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf) return new TextDecoder().decode(text);
  return Array.from(text, (byte) => DOC_ENCODING[byte] ?? String.fromCharCode(byte)).join('');
}
