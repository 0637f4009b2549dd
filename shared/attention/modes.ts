/** Attention modes: what attends to what. They have a file of their own so that options do not load the engine. */
export const ATTENTION_MODES = ['block', 'full', 'anchor'] as const;
export type AttentionMode = (typeof ATTENTION_MODES)[number];

/** What may be asked for: auto is full attention for a model that block attention costs too much, else block. */
export const ATTENTION_CHOICES = [...ATTENTION_MODES, 'auto'] as const;
export type AttentionChoice = (typeof ATTENTION_CHOICES)[number];

/** Of the forty bundled questions: losing more than these to block attention is too much. */
export const MOST_LOST = 10;

/** What attention is used. cost: what is known of the model's; nothing where it was not measured. */
export function chooseAttention(
  choice: AttentionChoice,
  cost: { full: number; block: number } | null,
): AttentionMode {
  if (choice !== 'auto') return choice;
  return cost !== null && cost.full - cost.block > MOST_LOST ? 'full' : 'block';
}
