/** A passage's title, which says where in the document its text is. */
import { oneLine } from './clean.ts';

/** Code units for each allowed token beyond which a title is not even encoded. */
const MAX_UNITS_PER_TOKEN = 32;

/**
 * "Guide > Install > On Linux", of at most `limit` tokens. `paths` are the headings above the text, more than
 * one where small sections share a passage: "Guide > Terms > Price / Payment". Too long a title loses the
 * headings in the middle, then its end.
 */
export function passageTitle(
  documentTitle: string,
  paths: readonly (readonly string[])[],
  encode: (text: string) => Uint32Array,
  limit: number,
): string {
  const shared = commonPrefix(paths);
  const own = paths.map((path) => path.slice(shared.length).join(' > ')).filter((path) => path !== '');
  const below = own.length > 0 ? [...shared, own.join(' / ')] : shared;
  const whole = oneLine([documentTitle, ...below].join(' > '));
  if (fits(whole, encode, limit)) return whole;
  const short = oneLine([documentTitle, ...below.slice(-1)].join(' > '));
  return cutTitle(short, encode, limit);
}

function cutTitle(title: string, encode: (text: string) => Uint32Array, limit: number): string {
  const characters = Array.from(title.slice(0, limit * MAX_UNITS_PER_TOKEN));
  let low = 0;
  let high = characters.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (encode(characters.slice(0, middle).join('')).length <= limit) low = middle;
    else high = middle - 1;
  }
  return characters.slice(0, low).join('').trim();
}

function fits(title: string, encode: (text: string) => Uint32Array, limit: number): boolean {
  return title.length <= limit * MAX_UNITS_PER_TOKEN && encode(title).length <= limit;
}

function commonPrefix(paths: readonly (readonly string[])[]): readonly string[] {
  const [first = [], ...rest] = paths;
  let length = 0;
  while (length < first.length && rest.every((path) => path[length] === first[length])) length += 1;
  return first.slice(0, length);
}
