/** What attends to what. Apart from the engine, since options and schemas need the names and not the engine. */
export const ATTENTION_MODES = ['block', 'full', 'anchor'] as const;
export type AttentionMode = (typeof ATTENTION_MODES)[number];
