/** Detects the charset of bytes that declare none and are not UTF-8. */
import { chardet } from 'jschardet';
import { decodeAs, knownCharset } from './charset.ts';

/**
 * What is thought possible, in the names of jschardet. Chosen on 2,700 texts in 14 languages: with all 99 charsets that
 * it knows, short texts are taken for MacIceland, HP Roman or the like.
 */
const CANDIDATES = (
  'utf-16-le utf-16-be utf-32-le utf-32-be cp932 shift_jis euc-jp iso-2022-jp gb18030 gbk big5 big5hkscs cp949 ' +
  'euc-kr windows-1250 windows-1251 windows-1252 windows-1253 windows-1254 windows-1255 windows-1256 windows-1257 ' +
  'windows-1258 iso-8859-2 iso-8859-5 iso-8859-7 iso-8859-15 koi8-r koi8-u cp850 cp866 cp874 macroman'
).split(' ');

/** More says no more. */
const SAMPLE_BYTES = 64 * 1024;
const MAX_TRIED = 6;
/** Where windows-1252 is nearly as likely as the best, it is taken: it is the most common by far. */
const WESTERN_SHARE = 0.9;
const ALPHABET_SHARE = 0.9;
/** Letters of code page 850 within words: at their ends they may be quotation marks of windows-1252. */
const DOS_LETTERS = /[A-Za-z][\x80-\x91\x93-\x9a\xa1-\xa5\xe1][A-Za-z]/;

/** The charset that the bytes are most likely of; undefined when they look like no text at all. */
export function detectCharset(bytes: Uint8Array): string | undefined {
  const head = bytes.subarray(0, SAMPLE_BYTES);
  const wide = head.includes(0) ? wideCharset(head) : undefined;
  if (wide !== undefined) return wide;
  const sample = head.includes(0) ? head : telling(bytes);
  const found = chardet
    .detectAll(sample, { includeEncodings: CANDIDATES, ignoreThreshold: true })
    .slice(0, MAX_TRIED)
    .flatMap(({ encoding, confidence }) => {
      const charset = encoding === null ? undefined : knownCharset(encoding);
      return charset === undefined ? [] : [{ charset, confidence }];
    });
  const likely = found.filter(({ charset }) => isPlausible(sample, charset));
  const western = likely.find(({ charset }) => charset === 'windows-1252');
  const [best] = likely;
  const isClose = western !== undefined && western.confidence >= best!.confidence * WESTERN_SHARE;
  return isClose && best!.charset !== 'iso-8859-15' ? western.charset : best?.charset;
}

/** UTF-16 of an alphabet: one byte of each two is hardly ever another than zero and the alphabet's. */
function wideCharset(head: Uint8Array): string | undefined {
  if (head.length % 2 === 1 || isUtf32(head)) return undefined;
  const counts = [new Uint32Array(256), new Uint32Array(256)] as const;
  for (const [at, byte] of head.entries()) counts[at % 2]![byte]!++;
  const [even, odd] = counts.map((count) => {
    const [first = 0, second = 0] = count.toSorted().reverse();
    return (first + second) / (head.length / 2);
  }) as [number, number];
  if (odd > ALPHABET_SHARE && odd > even) return 'utf-16le';
  return even > ALPHABET_SHARE && even > odd ? 'utf-16be' : undefined;
}

/** Two of each four bytes are zero, the same two. */
function isUtf32(head: Uint8Array): boolean {
  const zero = [true, true, true, true];
  for (const [at, byte] of head.entries()) if (byte !== 0) zero[at % 4] = false;
  return head.length % 4 === 0 && ((zero[0] && zero[1]) || (zero[2] && zero[3]))!;
}

function isPlausible(sample: Uint8Array, charset: string): boolean {
  if (charset === 'cp850' && !DOS_LETTERS.test(Buffer.from(sample).toString('latin1'))) return false;
  const text = decodeAs(sample, charset);
  return text !== undefined && !mixesScripts(text);
}

/** Lines with a byte that is not ASCII: a few of them in a long English text must not go unseen. */
function telling(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let size = 0;
  for (let start = 0; start < bytes.length && size < SAMPLE_BYTES; ) {
    const found = bytes.indexOf(0x0a, start);
    const end = found < 0 ? bytes.length : found + 1;
    const line = bytes.subarray(start, Math.min(end, start + SAMPLE_BYTES));
    if (line.some((byte) => byte >= 0x80)) {
      parts.push(line);
      size += line.length;
    }
    start = end;
  }
  return Buffer.concat(parts);
}

/** "La cittа": letters of Latin and another script in one word, more often than words of that other script alone. */
function mixesScripts(text: string): boolean {
  const mixed =
    text.match(/[A-Za-z][\p{sc=Cyrl}\p{sc=Grek}\p{sc=Hebr}\p{sc=Arab}\p{sc=Thai}]/gu)?.length ?? 0;
  if (mixed === 0) return false;
  const pure = text.match(/[\p{sc=Cyrl}\p{sc=Grek}\p{sc=Hebr}\p{sc=Arab}\p{sc=Thai}]{3}/gu)?.length ?? 0;
  return mixed > pure;
}
