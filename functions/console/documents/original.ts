/** Saves a document's original. A link cannot send a key, so the bytes come first. */
import { opened } from '../session.ts';

export async function saveOriginal({ id, name }: { id: string; name: string }): Promise<void> {
  saveFile(await opened().client.content(id), name.split('/').at(-1)!);
}

/** Has the browser save bytes as a file. */
export function saveFile(content: BlobPart, name: string): void {
  // Never a type that the browser would open as a page.
  const url = URL.createObjectURL(new Blob([content], { type: 'application/octet-stream' }));
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
