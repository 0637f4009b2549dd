/** Attention modes: what attends to what. They have a file of their own so that options do not load the engine. */
export const ATTENTION_MODES = ['block', 'full', 'anchor'] as const;
export type AttentionMode = (typeof ATTENTION_MODES)[number];
