/** Subtitles (SubRip, WebVTT): what is said, with the time at which each part of it begins. */
import type { Block, Content } from './types.ts';

const TIMES = /^(?:(\d{1,3}):)?(\d{2}):(\d{2})[,.]\d{3}[ \t]+-->[ \t]+(?:\d{1,3}:)?\d{2}:\d{2}[,.]\d{3}/;
const HEAD_LENGTH = 2000;
/** A part ends with a sentence after so many seconds, and in any case after twice as many. */
const PART_SECONDS = 30;

/** Undefined where the text is none. */
export function parseSubtitles(text: string): Content | undefined {
  const head = text.slice(0, HEAD_LENGTH).trimStart();
  const isWebVtt = /^WEBVTT(?:\s|$)/.test(head);
  if (!isWebVtt && !/^\d{1,6}[ \t]*\n[\d:,.]{9,13} --> /.test(head)) return undefined;
  const blocks: Block[] = [];
  let said: string[] = [];
  let start = 0;
  const end = () => {
    if (said.length > 0) blocks.push({ kind: 'text', text: `[${clock(start)}] ${said.join(' ')}` });
    said = [];
  };
  let last = '';
  for (const cue of text.split(/\n[ \t]*\n/)) {
    const lines = cue.split('\n');
    const at = lines.findIndex((line) => TIMES.test(line.trimStart()));
    if (at < 0) continue;
    const [, hours = '0', minutes, seconds] = TIMES.exec(lines[at]!.trimStart())!;
    const now = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
    const isLong = now - start >= PART_SECONDS;
    if (
      said.length === 0 ||
      (isLong && /[.!?…。！？]["”’)]?$/.test(last)) ||
      now - start >= 2 * PART_SECONDS
    ) {
      end();
      start = now;
    }
    for (const line of lines.slice(at + 1).map(spoken)) {
      // Rolling captions say each line twice.
      if (line === '' || line === last) continue;
      said.push(line);
      last = line;
    }
  }
  end();
  return { blocks };
}

/** "<v Ada>The <i>ferry</i>" is "Ada: The ferry". */
function spoken(line: string): string {
  return line
    .replace(/<v(?:\.[^\s<>]{0,50})?[ \t]([^<>]{1,80})>/g, '$1: ')
    .replace(/<\/?(?:[a-z]{1,5}(?:[. ][^<>]{0,80})?|[\d:.]{5,13})>|\{\\[^{}]{1,40}\}/gi, '')
    .replace(/&(amp|lt|gt|nbsp|lrm|rlm);/g, (_all, name: string) => ENTITIES[name]!)
    .trim();
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  nbsp: ' ',
  lrm: '',
  rlm: '',
};

function clock(seconds: number): string {
  const parts = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((part) =>
    String(Math.floor(part)).padStart(2, '0'),
  );
  return parts.join(':');
}
