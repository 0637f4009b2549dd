/** What a terminal makes of a text: colours, overstrikes and progress lines are seen on it, and not read as text. */

const ESC = 0x1b;
const BEL = 0x07;
const CSI = 0x9b;
/** To the start of the line, and the line erased; or both the other way round. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ERASED = /(?:\r|\x1b\[[01]?G)\x1b\[[02]?K|\x1b\[2K(?:\r|\x1b\[[01]?G)/;
/** Control strings (titles, hyperlinks) are short; a longer one was never ended. */
const MAX_STRING = 4096;

/** The text as it stands on the screen in the end; line ends become "\n". */
export function terminalText(text: string): string {
  return settleLines(overstrike(withoutEscapes(withoutErased(text))));
}

/** Leaves out what a program erases to write the line anew, as those do that show their progress. */
function withoutErased(text: string): string {
  if (!text.includes('\x1b[')) return text;
  return text
    .split('\n')
    .map((line) => {
      if (!line.includes('K')) return line;
      return line.split(ERASED).findLast((part) => withoutEscapes(part).trim() !== '') ?? '';
    })
    .join('\n');
}

/** Removes escape sequences (ECMA-48): colours, cursor movements, titles, the marks of hyperlinks. */
export function withoutEscapes(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const start = /[\x1b\x9b]/g;
  let kept = '';
  let from = 0;
  for (let found = start.exec(text); found !== null; found = start.exec(text)) {
    kept += text.slice(from, found.index);
    from = escapeEnd(text, found.index);
    start.lastIndex = from;
  }
  return from === 0 ? text : kept + text.slice(from);
}

/** Where the sequence that starts at `at` ends; of an unknown one only its first character is taken. */
function escapeEnd(text: string, at: number): number {
  if (text.charCodeAt(at) === CSI) return sequenceEnd(text, at + 1);
  const next = text.charCodeAt(at + 1);
  if (next === 0x5b) return sequenceEnd(text, at + 2);
  // DCS, SOS, OSC, PM, APC: strings
  if ([0x50, 0x58, 0x5d, 0x5e, 0x5f].includes(next)) return stringEnd(text, at + 2);
  let end = at + 1;
  while (inRange(text.charCodeAt(end), 0x20, 0x2f) && end < at + 8) end++;
  return inRange(text.charCodeAt(end), 0x30, 0x7e) ? end + 1 : at + 1;
}

function sequenceEnd(text: string, from: number): number {
  let end = from;
  while (inRange(text.charCodeAt(end), 0x20, 0x3f) && end < from + 256) end++;
  return inRange(text.charCodeAt(end), 0x40, 0x7e) ? end + 1 : from;
}

function stringEnd(text: string, from: number): number {
  for (let at = from; at < Math.min(text.length, from + MAX_STRING); at++) {
    const code = text.charCodeAt(at);
    if (code === BEL || code === 0x9c) return at + 1;
    if (code === 0x0a) return from;
    if (code === ESC) return text.charCodeAt(at + 1) === 0x5c ? at + 2 : at;
  }
  return from;
}

/** "N\bNA\bA" (bold) and "_\bN" (underlined), as manual pages have them: the last letter stays, of "_" the other. */
function overstrike(text: string): string {
  if (!text.includes('\b')) return text;
  const out: string[] = [];
  let cursor = 0;
  let lineStart = 0;
  for (const letter of text) {
    if (letter === '\b') {
      cursor = Math.max(lineStart, cursor - 1);
    } else if (letter === '\n' || letter === '\r') {
      out.push(letter);
      lineStart = out.length;
      cursor = lineStart;
    } else {
      if (letter !== '_' || cursor >= out.length) out[cursor] = letter;
      cursor++;
    }
  }
  return out.join('');
}

/**
 * Line ends become "\n". A carriage return within a line starts it anew where the texts before and after it are two
 * states of one progress line ("10 %", "20 %"): the last stays. Any other one ends a line, as on old Macintoshes.
 */
function settleLines(text: string): string {
  const unix = text.replace(/\r{1,8}\n/g, '\n');
  if (!unix.includes('\r')) return unix;
  if (!unix.includes('\n')) return unix.replaceAll('\r', '\n');
  return unix
    .split('\n')
    .map((line) => (line.includes('\r') ? lastStates(line) : line))
    .join('\n');
}

function lastStates(line: string): string {
  const kept: string[] = [];
  for (const part of line.split('\r')) {
    const before = kept.at(-1);
    if (before !== undefined && (before.trim() === '' || isNextState(before, part)))
      kept[kept.length - 1] = part;
    else kept.push(part);
  }
  return kept.join('\n');
}

/** Whether both are a share, a bar or a turning sign, after the same words. */
function isNextState(before: string, after: string): boolean {
  return isState(before) && isState(after) && words(before) === words(after);
}

function isState(text: string): boolean {
  if (/^\s*[-|/\\.⠀-⣿]\s/u.test(`${text.slice(0, 80)} `)) return true;
  return /\d ?%|\d ?\/ ?\d|[#=.█▉▊▋▌▍▎▏░▒▓]{3}/u.test(text.slice(0, 400));
}

function words(text: string): string {
  return text
    .slice(0, 400)
    .replace(/[^\p{L}]+/gu, '')
    .slice(0, 8);
}

function inRange(code: number, low: number, high: number): boolean {
  return code >= low && code <= high;
}
