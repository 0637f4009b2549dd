/** Splits text into the pieces of a SentencePiece unigram model: the split whose scores sum to the most. */
import type { UnigramModel } from './packed.ts';

/** Stands for a space, also before the first word. */
const SPACE = '\u2581';
/** As SentencePiece: an unknown character costs so much more than the worst piece. */
const UNKNOWN_PENALTY = 10;

/** Token ids of a text, without those of its begin and end. */
export function unigramTokenizer(model: UnigramModel): (text: string) => number[] {
  const ids = new Map(model.pieces.map((piece, id) => [piece, id]));
  // The empty piece and the unknown one stand for no text.
  ids.delete('');
  ids.delete(model.pieces[model.unknown]!);
  let longest = 1;
  for (const piece of ids.keys()) longest = Math.max(longest, piece.length);
  const unknownScore = model.scores.reduce((least, score) => Math.min(least, score), 0) - UNKNOWN_PENALTY;

  return (text) => {
    const letters = [...prepared(text, model.normalize)];
    const scores = new Float64Array(letters.length + 1).fill(Number.NEGATIVE_INFINITY);
    const from = new Int32Array(letters.length + 1);
    const pieces = new Int32Array(letters.length + 1);
    scores[0] = 0;
    const offer = (start: number, end: number, id: number, score: number) => {
      if (scores[start]! + score <= scores[end]!) return;
      scores[end] = scores[start]! + score;
      from[end] = start;
      pieces[end] = id;
    };
    for (let start = 0; start < letters.length; start++) {
      let piece = '';
      for (let end = start; end < letters.length && piece.length < longest; end++) {
        piece += letters[end];
        const id = ids.get(piece);
        if (id !== undefined) offer(start, end + 1, id, model.scores[id]!);
      }
      offer(start, start + 1, model.unknown, unknownScore);
    }
    const found: number[] = [];
    for (let end = letters.length; end > 0; end = from[end]!) found.push(pieces[end]!);
    return found.reverse();
  };
}

function prepared(text: string, normalize: ReadonlyMap<number, string>): string {
  let plain = '';
  for (const letter of text) plain += normalize.get(letter.codePointAt(0)!) ?? letter;
  plain = plain.replace(/ {2,}/g, ' ');
  return (plain.startsWith(' ') ? plain : ` ${plain}`).replaceAll(' ', SPACE);
}
