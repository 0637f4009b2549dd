/**
 * Which documents answer, and with what. One that was made with another model answers, too, until it is made again:
 * its passages' texts and vectors hold for any model, their tokens are made anew, and so are keys and values that are
 * not stored yet.
 */
import type { DocumentRow } from '../../catalog/catalog.ts';
import type { PassageRow } from '../../catalog/passages.ts';
import { passageText } from '../../model/prompt.ts';
import { haveSameTokens, haveSameVectors } from '../fingerprint.ts';
import type { Services } from '../services.ts';

/** Whether a version of the document answers questions of a process that was opened with this fingerprint. */
export function answers(
  { version, fingerprint: made }: Pick<DocumentRow, 'version' | 'fingerprint'>,
  fingerprint: string,
): boolean {
  return version !== null && made !== null && haveSameVectors(made, fingerprint);
}

/** A retrieved passage with the tokens that the opened model reads. */
export function readPassage(
  { tokenizer, fingerprint }: Pick<Services, 'tokenizer' | 'fingerprint'>,
  { document, passage }: { document: Pick<DocumentRow, 'fingerprint'>; passage: PassageRow },
): PassageRow {
  const { fingerprint: made } = document;
  if (made === null || haveSameTokens(made, fingerprint)) return passage;
  return { ...passage, tokens: tokenizer.encode(passageText(passage.title, passage.text)) };
}
