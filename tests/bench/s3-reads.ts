/**
 * How fast the S3 driver reads blobs over loopback, and how often it copies each byte in JavaScript.
 * Usage: node --import tsx tests/bench/s3-reads.ts [reads]      (npm run services comes first)
 */
import { randomBytes } from 'node:crypto';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { openS3BlobStore } from '../../shared/storage/blobs/s3.ts';
import { openS3Client } from '../../shared/storage/s3/client.ts';
import { startVersitygw } from '../services/index.ts';

const BUCKET = 'blobs';
const BLOB_BYTES = 3_000_000;
const BLOBS = 16;
const reads = Number(process.argv[2] ?? 200);

let copied = 0;
countCopies();

const service = await startVersitygw();
try {
  const client = openS3Client(service);
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const store = openS3BlobStore({ client, bucket: BUCKET });
  const keys = Array.from({ length: BLOBS }, (_, i) => `blob/${i}`);
  for (const key of keys) await store.put(key, randomBytes(BLOB_BYTES));
  for (const key of keys) await store.get(key);
  process.stdout.write(`${reads} reads of ${BLOB_BYTES / 1e6} MB from versitygw\n`);
  process.stdout.write('at once    MB/s    ms a read    bytes copied per byte read\n');
  for (const atOnce of [1, 16]) {
    copied = 0;
    const started = performance.now();
    let next = 0;
    const reader = async () => {
      while (next < reads) await store.get(keys[next++ % BLOBS]!);
    };
    await Promise.all(Array.from({ length: atOnce }, reader));
    const ms = performance.now() - started;
    const bytes = reads * BLOB_BYTES;
    const row = [
      String(atOnce).padStart(7),
      (bytes / 1e3 / ms).toFixed(0).padStart(8),
      ((ms * atOnce) / reads).toFixed(1).padStart(13),
      (copied / bytes).toFixed(3).padStart(30),
    ];
    process.stdout.write(`${row.join('')}\n`);
  }
  client.destroy();
} finally {
  await service.stop();
}

/** Every way in which JavaScript copies bytes from one buffer to another. */
function countCopies(): void {
  const { set, slice } = Uint8Array.prototype;
  const { concat } = Buffer;
  const { copy } = Buffer.prototype;
  Uint8Array.prototype.set = function (source, offset) {
    copied += source.length;
    set.call(this, source, offset);
  };
  Uint8Array.prototype.slice = function (start, end) {
    const part = slice.call(this, start, end);
    copied += part.length;
    return part;
  };
  Buffer.concat = (list, length) => {
    const whole = concat(list, length);
    // By way of set() in some versions of Node: then this counts double, never too little.
    copied += whole.length;
    return whole;
  };
  Buffer.prototype.copy = function (...args: Parameters<typeof copy>) {
    const count = copy.apply(this, args);
    copied += count;
    return count;
  };
}
