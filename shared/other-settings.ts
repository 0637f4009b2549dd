/** What may happen with other settings than the stores remember. In a file of its own so that options load no schema. */
export const OTHER_SETTINGS = ['refuse', 'answer', 'reencode'] as const;
export type OtherSettings = (typeof OTHER_SETTINGS)[number];
