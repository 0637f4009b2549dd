import fc from 'fast-check';
import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { decodeText } from '../../../../shared/documents/charsets/decode.ts';

const GERMAN = 'Die Fähre fährt täglich außer Montag – für „Sportboote“ 5 € je Nacht.';
const FRENCH = 'Le château fut bâti à l’époque où la forêt était très étendue ; ça coûte 3 € par élève.';
const RUSSIAN = 'Паром отправляется в полдень по вторникам. Станцию основал профессор Иванов.';
const JAPANESE = '港の事務所は東の桟橋にあります。\nフェリーは火曜日の正午に出発します。\n';
const POLISH =
  'Prom odpływa w południe we wtorki. Stację założył profesor Źdźbło; łódź kosztuje pięć złotych.';

const UNDECLARED: [text: string, charset: string][] = [
  [GERMAN, 'windows-1252'],
  ['Öffnungszeiten: täglich außer Montag', 'iso-8859-1'],
  [FRENCH, 'windows-1252'],
  [RUSSIAN, 'windows-1251'],
  [RUSSIAN, 'koi8-r'],
  [RUSSIAN, 'cp866'],
  [JAPANESE, 'shift_jis'],
  [JAPANESE, 'euc-jp'],
  ['渡轮每周二中午开出。车站由教授于1912年创立。', 'gbk'],
  ['渡輪每週二中午開出。車站由教授於1912年創立。', 'big5'],
  ['연락선은 화요일 정오에 출발합니다. 역은 1912년에 설립되었습니다.', 'euc-kr'],
  [POLISH, 'windows-1250'],
  [POLISH, 'iso-8859-2'],
  ['Přívoz odjíždí v poledne každé úterý. Loďka stojí pět korun.', 'windows-1250'],
  ['Το φέρι αναχωρεί το μεσημέρι κάθε Τρίτη. Ο σταθμός ιδρύθηκε το 1912.', 'windows-1253'],
  ['Feribot salı günleri öğlen kalkar. İstasyonu profesör Şükrü kurdu; ücret beş liradır.', 'windows-1254'],
  ['המעבורת יוצאת בצהריים בימי שלישי. התחנה נוסדה בשנת 1912.', 'windows-1255'],
  ['تغادر العبارة عند الظهر كل يوم ثلاثاء. تأسست المحطة عام 1912.', 'windows-1256'],
  ['เรือข้ามฟากออกเดินทางเที่ยงวันอังคาร สถานีก่อตั้งเมื่อปี 1912', 'tis620'],
  ['Größe für Häfen und Schiffe, geprüft.', 'cp850'],
];

describe('a text that declares no charset', () => {
  it.each(UNDECLARED)('"%.20s" is read in %s', (text, charset) => {
    expect(decodeText(iconv.encode(text, charset), 'a.txt')).toBe(text);
  });

  it('may be ISO-2022-JP, which is ASCII with escapes', () => {
    const bytes = Buffer.from('\x1b$B9A$O\x1b(B 8 \x1b$B;~\x1b(B', 'latin1');
    expect(decodeText(bytes, 'a.txt')).toBe('港は 8 時');
  });

  it.each(['utf-16le', 'utf-16be', 'utf-32le', 'utf-32be'])(
    'is read in %s, with a byte order mark or without',
    (charset) => {
      for (const text of [
        'The ferry leaves at noon.\n',
        `${GERMAN}\n`,
        `${RUSSIAN}\n`,
        JAPANESE,
        'เรือข้ามฟาก 12\n',
      ]) {
        expect(decodeText(iconv.encode(text, charset, { addBOM: false }), 'a.txt')).toBe(text);
        expect(decodeText(iconv.encode(text, charset, { addBOM: true }), 'a.txt')).toBe(text);
      }
    },
  );

  it('is known by a few letters in a long English text', () => {
    const text = `${'The lock opens at noon.\n'.repeat(20_000)}M. Lefèvre et Mme Durand étaient là.\n`;
    expect(decodeText(iconv.encode(text, 'windows-1252'), 'a.txt')).toBe(text);
  });

  it('is not taken for Cyrillic because of an Italian accent', () => {
    const text = 'La città è più bella di così; perché non verrà?';
    expect(decodeText(iconv.encode(text, 'windows-1252'), 'a.txt')).toBe(text);
  });
});

describe('UTF-8 with bad bytes', () => {
  it('stays UTF-8 where a byte is stray or the end is cut off', () => {
    const stray = Buffer.concat([
      Buffer.from('grün, blau, weiß, caf'),
      Buffer.from([0xe9]),
      Buffer.from(' und Öl'),
    ]);
    expect(decodeText(stray, 'a.txt')).toBe('grün, blau, weiß, caf\ufffd und Öl');
    expect(decodeText(Buffer.from('grün').subarray(0, 3), 'a.txt')).toMatch(/^gr/);
    expect(decodeText(Buffer.from('Häfen für Öl').subarray(0, -3), 'a.txt')).toBe('Häfen für ');
    expect(decodeText(Buffer.from('Häfen für Ö').subarray(0, -1), 'a.txt')).toBe('Häfen für \ufffd');
  });
});

describe('a declaration', () => {
  const cyrillic = iconv.encode('Да', 'windows-1251');

  it.each([
    ['of the media type', cyrillic, 'text/plain; charset="windows-1251"'],
    [
      'of the XML head',
      Buffer.concat([Buffer.from('<?xml version="1.0" encoding=\'windows-1251\'?>'), cyrillic]),
      undefined,
    ],
    [
      'of a meta element',
      Buffer.concat([Buffer.from('<html><meta charset=windows-1251>'), cyrillic]),
      undefined,
    ],
    [
      'of a meta element of old',
      Buffer.concat([
        Buffer.from(
          '<html><!-- <meta charset=koi8-r> --><META http-equiv="Content-Type" content="text/html; charset=windows-1251">',
        ),
        cyrillic,
      ]),
      undefined,
    ],
    [
      'of Python',
      Buffer.concat([Buffer.from('#!/usr/bin/python\n# -*- coding: cp1251 -*-\n# '), cyrillic]),
      undefined,
    ],
    ['of Vim', Buffer.concat([Buffer.from('# vim: set fileencoding=cp1251 :\n'), cyrillic]), undefined],
    [
      'of LaTeX',
      Buffer.concat([Buffer.from('\\documentclass{a}\n\\usepackage[cp1251]{inputenc}\n'), cyrillic]),
      undefined,
    ],
  ])('%s counts', (_of, bytes, mediaType) => {
    expect(decodeText(bytes, 'a', mediaType)).toMatch(/Да$/);
  });

  it('of ISO 8859-1 is windows-1252, as in browsers', () => {
    const bytes = iconv.encode(GERMAN, 'windows-1252');
    expect(decodeText(bytes, 'a.txt', 'text/plain; charset=iso-8859-1')).toBe(GERMAN);
    expect(decodeText(bytes, 'a.txt', 'text/plain; charset=windows-1252')).toBe(GERMAN);
  });

  it('that is wrong is overruled', () => {
    expect(decodeText(iconv.encode(GERMAN, 'windows-1252'), 'a', 'text/plain; charset=utf-8')).toBe(GERMAN);
    expect(decodeText(Buffer.from(RUSSIAN), 'a', 'text/plain; charset=latin1')).toBe(RUSSIAN);
    expect(decodeText(Buffer.from(GERMAN), 'a', 'text/plain; charset=utf-16')).toBe(GERMAN);
    expect(decodeText(Buffer.from(GERMAN), 'a', 'text/plain; charset=klingon')).toBe(GERMAN);
    expect(decodeText(iconv.encode(JAPANESE, 'shift_jis'), 'a', 'text/plain; charset=euc-jp')).toBe(JAPANESE);
  });

  it.each(['windows-1252', 'iso-8859-1', 'utf-8'])(
    'of %s by a page is windows-1252 where that is',
    (named) => {
      const page = (charset: string) =>
        `<html><head><meta charset="${charset}"></head><p>${GERMAN}</p></html>`;
      expect(decodeText(iconv.encode(page(named), 'windows-1252'), 'a.html')).toBe(page(named));
    },
  );

  it('of a byte order mark is above all others', () => {
    const bytes = Buffer.from(`\ufeff${GERMAN}`, 'utf16le');
    expect(decodeText(bytes, 'a.txt', 'text/plain; charset=latin1')).toBe(GERMAN);
  });
});

describe('what a terminal shows', () => {
  it.each([
    ['colours', '\x1b[1;31mERROR\x1b[0m pump \x1b[38:5:4mP-100\x1b[m lost', 'ERROR pump P-100 lost'],
    ['cursor movements', 'one\x1b[1C\x1b[1Gtwo\x1b(B\x1b7', 'onetwo'],
    [
      'lines that are written anew',
      'a\n\x1b[2K\x1b[1G- Boats\x1b[2K\x1b[1G| Boats\x1b[1G\x1b[2KLoaded 5 boats\n10 %\r\x1b[K20 %\r\x1b[K\n100 %\x1b[K\n',
      'a\nLoaded 5 boats\n20 %\n100 %\n',
    ],
    ['hyperlinks and titles', '\x1b]8;;http://a.b/\x1b\\link\x1b]8;;\x07 \x1b]0;title\x07end', 'link end'],
    ['a sequence without an end', 'a\x1b]0;title\nb', 'a0;title\nb'],
    ['bold and underlined letters of manual pages', 'N\bNA\bAM\bME\bE _\bf_\bi_\bl_\be o\b+', 'NAME file +'],
    ['progress', 'get a  10%\rget a  50%\rget a 100%\ndone\n', 'get a 100%\ndone\n'],
    ['Windows line ends', 'a\r\nb\r\n', 'a\nb\n'],
    ['line ends of old Macintoshes', 'Berth 1\rBerth 2\r', 'Berth 1\nBerth 2\n'],
    ['mixed line ends', 'Berth 1\rBerth 2\nBerth 3\n', 'Berth 1\nBerth 2\nBerth 3\n'],
  ])('is the text: %s', (_what, text, shown) => {
    expect(decodeText(Buffer.from(text), 'a.log')).toBe(shown);
  });
});

describe('binary data', () => {
  it('is refused', () => {
    const noise = Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919 + (i * i) / 3) & 0xff));
    expect(() => decodeText(noise, 'a.txt')).toThrow(/binary data/);
    expect(() => decodeText(noise, 'a.txt', 'text/plain; charset=windows-1252')).toThrow(/binary data/);
  });
});

it('any bytes give a text or an error of ours', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom(undefined, 'utf-8', 'utf-16', 'shift_jis', 'utf-7'),
      (bytes, charset) => {
        try {
          expect(decodeText(bytes, 'a', charset && `text/plain; charset=${charset}`)).toBeTypeOf('string');
        } catch (error) {
          expect(error).toMatchObject({ code: 'document_not_text' });
        }
      },
    ),
    { numRuns: 300 },
  );
});

it('any Unicode text comes back from UTF-8', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), (text) => {
      const clean = text.replace(/\p{Cc}/gu, '');
      expect(decodeText(Buffer.from(`x${clean}`), 'a')).toBe(`x${clean}`);
    }),
  );
});
