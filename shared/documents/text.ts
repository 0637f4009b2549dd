/** Plain text: paragraphs are what blank lines or form feeds separate; a line that is underlined is a heading. */
import { cardLines } from './cards.ts';
import { parseSubtitles } from './subtitles.ts';
import type { Block, Content } from './types.ts';

/** An underline may be so much longer or shorter than its heading. */
const UNDERLINE_SLACK = 2;
const MAX_HEADING = 120;

/** Reads plain text; lines within a paragraph stay as they are. */
export function parseText(text: string): Content {
  const subtitles = parseSubtitles(text);
  if (subtitles !== undefined) return subtitles;
  const levels: string[] = [];
  return {
    blocks: text.split(/\n[^\S\n]*\n|\f/).flatMap((paragraph): Block[] => {
      const lines = paragraph
        .split('\n')
        .filter((line, i, all) => line.trim() !== '' || (i > 0 && i < all.length - 1));
      const mark = underlineOf(lines[0], lines[1]);
      if (mark === undefined) return [{ kind: 'text', text: paragraph }];
      if (!levels.includes(mark)) levels.push(mark);
      const heading: Block = { kind: 'heading', level: levels.indexOf(mark) + 1, text: lines[0]! };
      return [heading, { kind: 'text', text: lines.slice(2).join('\n') }];
    }),
  };
}

/** Program code, settings and logs: lines that stand for themselves. */
export function parseLines(text: string): Content {
  return { blocks: [{ kind: 'code', text: cardLines(text) ?? text }] };
}

/** The sign of the line below a heading: as long as the heading, which has no columns as a table's head has. */
export function underlineOf(line = '', below = ''): string | undefined {
  const title = line.trim();
  const rule = below.trim();
  const mark = rule[0];
  if (title.length < 3 || title.length > MAX_HEADING || mark === undefined || !'=-~^*#'.includes(mark))
    return undefined;
  if (rule.length < 3 || rule !== mark.repeat(rule.length)) return undefined;
  if (Math.abs(rule.length - title.length) > UNDERLINE_SLACK) return undefined;
  return /\p{L}/u.test(title) && !/\s{2}|[\t|]/.test(title) ? mark : undefined;
}
