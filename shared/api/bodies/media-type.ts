/** Media types of requests. */

/** Type and subtype in lower case, without parameters; '' for none. */
export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();
}

/** Whether a Content-Type is JSON: `application/json` or `application/...+json`. */
export function isJson(contentType: string | undefined): boolean {
  return /^application\/([\w.-]+\+)?json$/.test(mediaTypeOf(contentType));
}
