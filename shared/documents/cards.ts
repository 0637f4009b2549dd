/** Calendars and cards of addresses (iCalendar, vCard): a property a line, without their folds, escapes and pictures. */

const BEGIN = /^\s{0,100}BEGIN:V(?:CALENDAR|CARD)\b/i;
/** Properties that say nothing to a reader, and the marks around the parts. */
const SILENT =
  /^(?:VERSION|PRODID|UID|CALSCALE|METHOD|SEQUENCE|DTSTAMP|TRANSP|REV|PHOTO|LOGO|KEY|BEGIN|END|TZOFFSET\w*|X-[\w-]+)[;:]/i;
const QUOTED = /^[^:]*;ENCODING=QUOTED-PRINTABLE/i;

/** The lines of a calendar or a card, a blank one between its parts; undefined where the text is neither. */
export function cardLines(text: string): string | undefined {
  if (!BEGIN.test(text)) return undefined;
  const lines = text.replace(/\n[ \t]/g, '').split('\n');
  const shown = lines.map((line) => {
    if (/^BEGIN:/i.test(line)) return '';
    return SILENT.test(line) ? undefined : plain(line);
  });
  return shown
    .filter((line) => line !== undefined)
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

/** "SUMMARY:Boats\, ropes" is "SUMMARY: Boats, ropes". */
function plain(line: string): string {
  const colon = line.indexOf(':');
  if (colon < 0) return line;
  const value = QUOTED.test(line.slice(0, 500)) ? unquoted(line.slice(colon + 1)) : line.slice(colon + 1);
  const said = value.replace(/\\([nN,;\\])/g, (_all, sign: string) => (/n/i.test(sign) ? '\n' : sign));
  return `${line.slice(0, colon).replace(/;(?:ENCODING|CHARSET)=[^;]*/gi, '')}: ${said.trim()}`;
}

/** "Gr=C3=BC" as UTF-8. */
function unquoted(value: string): string {
  return value.replace(/(?:=[\dA-F]{2})+/gi, (bytes) =>
    Buffer.from(bytes.replaceAll('=', ''), 'hex').toString('utf8'),
  );
}
