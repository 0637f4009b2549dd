/** The names in a zip archive's central directory, without expanding anything. */

const END_RECORD = Buffer.from('PK\x05\x06', 'latin1');
const ENTRY = Buffer.from('PK\x01\x02', 'latin1');
const END_BYTES = 22;
const ENTRY_BYTES = 46;
/** The end record may be followed by a comment. */
const MAX_COMMENT = 0xffff;
const MAX_NAMES = 10_000;

/** The entries' names, in their order; none when the archive has no directory, as when it is cut off. */
export function zipNames(data: Buffer): string[] {
  const tail = Math.max(0, data.length - MAX_COMMENT - END_BYTES);
  const end = data.subarray(tail).lastIndexOf(END_RECORD) + tail;
  if (end < tail || end + END_BYTES > data.length) return [];
  const names: string[] = [];
  let at = data.readUInt32LE(end + 16);
  while (names.length < MAX_NAMES && at + ENTRY_BYTES <= end && data.subarray(at, at + 4).equals(ENTRY)) {
    const nameEnd = at + ENTRY_BYTES + data.readUInt16LE(at + 28);
    names.push(data.toString('utf8', at + ENTRY_BYTES, nameEnd));
    at = nameEnd + data.readUInt16LE(at + 30) + data.readUInt16LE(at + 32);
  }
  return names;
}
