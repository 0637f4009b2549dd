import { describe, expect, test } from 'vitest';
import { parseAwsStores } from '../../../shared/stores/aws.ts';

describe('stores given as a URL', () => {
  test('name the bucket and the table', () => {
    expect(parseAwsStores('s3://kv?table=blockrag')).toEqual({
      bucket: 'kv',
      table: 'blockrag',
      index: undefined,
      documentsBucket: undefined,
      wakes: undefined,
    });
  });

  test('may name an index elsewhere, the bucket of documents and the queue that wakes workers', () => {
    const queue = 'https://sqs.eu-central-1.amazonaws.com/1/work';
    const text = `s3://kv/?table=t&index=s3://other/i&documents=in&wakes=${encodeURIComponent(queue)}`;
    expect(parseAwsStores(text)).toMatchObject({
      index: 's3://other/i',
      documentsBucket: 'in',
      wakes: queue,
    });
  });

  test.each([
    '',
    'kv',
    's3://kv',
    's3://?table=t',
    's3://kv/prefix?table=t',
    'file:///kv?table=t',
    's3://kv?table=t&tabel=u',
  ])('%j are refused', (text) => {
    expect(() => parseAwsStores(text)).toThrow(expect.objectContaining({ code: 'invalid_option' }));
  });
});
