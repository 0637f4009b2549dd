/** The partition of the rows that say what a tenant uses: its tokens by day, and what it stores. */
export const usageOf = (tenant: string): string => `usage/${tenant}`;
