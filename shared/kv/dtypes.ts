/** What stored keys and values may be stored as. Apart from the blob's form, for options. */
export const KV_DTYPES = ['int8', 'fp16', 'fp32'] as const;
export type KvDtype = (typeof KV_DTYPES)[number];
