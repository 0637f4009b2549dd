/** Data types of stored keys and values. They have a file of their own so that options load little. */
export const KV_DTYPES = ['int8', 'fp16', 'fp32'] as const;
export type KvDtype = (typeof KV_DTYPES)[number];
