import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';

/**
 * The name of the document that a file is: see `findFiles` (find-files.ts). A file name may hold line breaks; a document's name is one
 * line, as over REST.
 * @param data the data directory
 */
export function documentName(path: string, data: string): string {
  const full = resolve(path);
  const within = relative(dirname(resolve(data)), full);
  const name = within.startsWith('..') || isAbsolute(within) ? full : within;
  return name
    .split(sep)
    .join('/')
    .replace(/\p{Cc}/gu, ' ');
}
