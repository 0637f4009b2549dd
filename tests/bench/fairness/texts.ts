/** What the two tenants upload and ask. */

/** Tokens of an answer at most. */
export const ANSWER_TOKENS = { quiet: 8, flood: 256 };

export const QUESTIONS = [
  'When does the ferry to Grimsay leave?',
  'Which lamp is lit on the third pier?',
  'What does the keeper write into the log book?',
  'How many ropes are kept in the harbour?',
];

const WORDS = 'tide lamp stone rope gull harbour mast signal winter bell keeper storm bread island'.split(
  ' ',
);

/** A text of a few passages, different from all others. */
export function textOf(number: number): string {
  const sentence = (i: number) =>
    `On day ${number * 40 + i} the ${WORDS[(number + i) % 14]} of pier ${number % 97} was seen beside the ${WORDS[(number * 3 + i) % 14]} number ${100 + i}.`;
  return Array.from({ length: 40 }, (_, i) => sentence(i)).join(' ');
}
