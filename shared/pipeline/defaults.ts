/** Defaults of questions and uploads. They have a file of their own so that options and schemas load little. */

/** Who owns what is stored where no keys are asked for. */
export const DEFAULT_TENANT = 'default';
export const DEFAULT_COLLECTION = 'default';
/** Passages in a prompt at most. */
export const DEFAULT_TOP_K = 5;
/** Tokens of an answer at most. */
export const DEFAULT_MAX_TOKENS = 256;
