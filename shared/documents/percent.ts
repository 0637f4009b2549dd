/** Addresses in documents. */

/** An address with its percent escapes decoded; one with wrong escapes as it is. */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
