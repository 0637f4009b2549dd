/** The partition of a version's rows: its passages (passages.ts), and the blobs that it uses (blobs.ts). */
export function passagesOf({ document, version }: { document: string; version: string }): string {
  return `passages/${document}/${version}`;
}
