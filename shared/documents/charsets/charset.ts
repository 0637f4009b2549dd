/** Charsets by name: decoders for all that are met, with Node's wrong windows-1252 put right. */
import iconv from 'iconv-lite';

/** What 0x80 to 0x9f are in windows-1252; Node's decoder takes them for control characters (nodejs/node#56542). */
const WINDOWS_1252 =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f' +
  '\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178';

/** Names that neither the WHATWG's Encoding Standard nor iconv-lite know. */
const ALIASES: Readonly<Record<string, string>> = {
  ansi: 'windows-1252',
  ansinew: 'windows-1252',
  applemac: 'macintosh',
  'mac-roman': 'macintosh',
  macroman: 'macintosh',
  'latin-1': 'windows-1252',
  'latin-9': 'iso-8859-15',
  latin9: 'iso-8859-15',
  cp874: 'windows-874',
  cp932: 'shift_jis',
  cp936: 'gbk',
  cp949: 'euc-kr',
  cp950: 'big5',
  big5hkscs: 'big5',
  gb2312: 'gbk',
  utf8mb4: 'utf-8',
};

/** The name that `decodeAs` takes for a charset's label ("Latin1" -> "windows-1252"); undefined for an unknown one. */
export function knownCharset(label: string): string | undefined {
  const name = label.trim().toLowerCase();
  const alias = ALIASES[name] ?? name;
  try {
    return new TextDecoder(alias).encoding;
  } catch {
    return iconv.encodingExists(alias) ? alias : undefined;
  }
}

/**
 * Decodes bytes strictly.
 * @param charset a name that `knownCharset` gives
 * @returns undefined when the bytes are not of that charset
 */
export function decodeAs(bytes: Uint8Array, charset: string): string | undefined {
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(charset, { fatal: true });
  } catch {
    const text = iconv.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), charset);
    return text.includes('\ufffd') ? undefined : text;
  }
  try {
    const text = decoder.decode(bytes);
    return decoder.encoding === 'windows-1252' ? withoutControls(text) : text;
  } catch {
    return undefined;
  }
}

/** Text that was taken for ISO 8859-1 and is windows-1252: its C1 control characters become what they stand for. */
export function withoutControls(text: string): string {
  return text.replace(/[\x80-\x9f]/g, (control) => WINDOWS_1252[control.charCodeAt(0) - 0x80]!);
}
