/** Headers of an uploaded file that is sent back. What strangers wrote must never run as a page of this server. */

const PDF = '%PDF-';
/** Readers of PDF look for its mark in so many bytes. */
const PDF_WITHIN = 1024;

/**
 * A PDF may be shown by the browser, in a sandbox; all else is saved, whatever its type is said to be.
 * @param name what the document is called: the file is saved by its last part
 */
export function contentHeaders(name: string, bytes: Uint8Array): Record<string, string> {
  const pdf = Buffer.from(bytes.subarray(0, PDF_WITHIN)).includes(PDF);
  const file = name.split(/[\\/]/).at(-1) || 'document';
  // RFC 8187: all but letters and digits by their code.
  const encoded = encodeURIComponent(file).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16)}`,
  );
  return {
    'content-type': pdf ? 'application/pdf' : 'application/octet-stream',
    'content-disposition': `${pdf ? 'inline' : 'attachment'}; filename*=UTF-8''${encoded}`,
    'content-security-policy': "default-src 'none'; sandbox",
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    // A document that is deleted must not live on in a cache.
    'cache-control': 'no-store',
  };
}
