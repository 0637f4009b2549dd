import { describe, expect, it } from 'vitest';
import { PresignedUploads } from '../../../../shared/pipeline/intake/uploads-presigned.ts';
import type { DocumentSource } from '../../../../shared/storage/ports.ts';

/** A bucket that gives URLs, and knows what it was asked for. */
function bucket() {
  const asked: string[] = [];
  const source = {
    uploadUrl: async (name: string) => {
      asked.push(name);
      return { url: `https://bucket.example/${name}`, headers: {} };
    },
  } as unknown as DocumentSource;
  return { asked, uploads: new PresignedUploads(source, { maxBytes: 1000 }) };
}
const upload = { tenant: 't', collection: 'default', name: 'a.txt', mediaType: undefined, bytes: 10 };

describe('an upload to the bucket', () => {
  it.each([
    ['a name that is a folder', { name: 'notes/' }],
    ['a name with a segment that URLs drop', { name: '../other/a.txt' }],
    ['a collection that URLs drop', { collection: '..' }],
    ['a name with control characters', { name: 'a\u0085.txt' }],
    ['no size', { bytes: undefined }],
    ['names too long for an object', { name: '\u00e9'.repeat(400), collection: '\u00e9'.repeat(100) }],
  ])('is refused for %s, which would not be taken in, or not as announced', async (_what, names) => {
    const { asked, uploads } = bucket();
    await expect(uploads.create({ ...upload, ...names })).rejects.toMatchObject({ code: 'invalid_request' });
    expect(asked).toEqual([]);
  });

  it('takes other names as they are', async () => {
    const { asked, uploads } = bucket();
    await uploads.create({ ...upload, name: 'notes/a %2F b.txt', collection: 'r & d/50 %' });
    expect(asked).toEqual(['documents/t/r%20%26%20d%2F50%20%25/notes/a %2F b.txt']);
  });
});
