/** Where a document's original bytes are stored. */
export function originalPath(tenant: string, document: string, version: string): string {
  return `originals/${tenant}/${document}/${version}`;
}
