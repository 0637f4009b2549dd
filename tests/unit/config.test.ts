import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ConfigOverrides, loadConfig } from '../../shared/config.ts';

describe('loadConfig', () => {
  it('has a default for all that must have a value', () => {
    expect(loadConfig({}, {})).toMatchObject({
      data: resolve('.blockrag'),
      maxDocumentBytes: 100 * 1024 * 1024,
      maxQuestionLength: 8_000,
    });
  });

  it('leaves open what the data directory decides', () => {
    const { model, kv, passageTokens } = loadConfig({}, {});
    expect([model, kv, passageTokens]).toEqual([undefined, undefined, undefined]);
  });

  it('reads every setting from the environment', () => {
    const environment = {
      BLOCKRAG_DATA: '/srv/rag',
      BLOCKRAG_MODEL: 'm.gguf',
      BLOCKRAG_COMPUTE: 'q8',
      BLOCKRAG_KV: 'fp16',
      BLOCKRAG_PASSAGE_TOKENS: '128',
      BLOCKRAG_OTHER_SETTINGS: 'answer',
      BLOCKRAG_THREADS: '3',
      BLOCKRAG_MAX_DOCUMENT_BYTES: '1000',
      BLOCKRAG_OCR: '1',
      BLOCKRAG_OCR_LANGUAGES: 'eng+deu',
      BLOCKRAG_MAX_QUESTION_LENGTH: '50',
      BLOCKRAG_CONTEXT_BYTES: '2000000',
      BLOCKRAG_HOT_BYTES: '0',
      BLOCKRAG_SPECULATION: 'false',
      BLOCKRAG_CONCURRENT_ANSWERS: '3',
      BLOCKRAG_MAX_ANSWERS: '2',
      BLOCKRAG_REQUIRE_KEYS: '1',
      BLOCKRAG_QUARANTINE_DAYS: '9',
      BLOCKRAG_PROVIDER: 'cuda',
      BLOCKRAG_ACCEPTED_PROVENANCE: 'w8a8/cpu, fp16/cuda',
      BLOCKRAG_ADAPTER: 'a/adapter.safetensors',
      BLOCKRAG_KV_BYTES: '3000000',
      BLOCKRAG_CORS_ORIGINS: 'https://a.example, https://b.example',
      BLOCKRAG_REQUEST_TIMEOUT_MS: '5000',
      BLOCKRAG_TENANT_DOCUMENTS: '4',
      BLOCKRAG_TENANT_PASSAGES: '5',
      BLOCKRAG_TENANT_BYTES: '6',
      BLOCKRAG_TENANT_TOKENS_PER_DAY: '7',
      BLOCKRAG_REQUESTS_PER_MINUTE: '8',
      BLOCKRAG_CACHE: '/var/models',
      BLOCKRAG_PYTHON: 'python3.12',
      BLOCKRAG_LOG: 'debug',
      BLOCKRAG_STORES: 's3://kv?table=t',
      BLOCKRAG_BLOB_CACHE_BYTES: '9',
      BLOCKRAG_LEASE_MS: '4000',
      BLOCKRAG_DRAIN_MS: '6000',
      BLOCKRAG_KEEP_ALIVE_MS: '7000',
      BLOCKRAG_WORKER: '0',
      BLOCKRAG_RERANKER: 'r.onnx',
      HF_ENDPOINT: 'https://hub.example',
      HF_TOKEN: 'hf_x',
      BLOCKRAG_UNKNOWN: 'is no setting',
    };
    expect(loadConfig({}, environment)).toEqual({
      data: '/srv/rag',
      model: 'm.gguf',
      compute: 'q8',
      kv: 'fp16',
      passageTokens: 128,
      otherSettings: 'answer',
      threads: 3,
      maxDocumentBytes: 1000,
      ocr: true,
      ocrLanguages: 'eng+deu',
      maxQuestionLength: 50,
      contextBytes: 2_000_000,
      hotBytes: 0,
      speculation: false,
      concurrentAnswers: 3,
      maxAnswers: 2,
      requireKeys: true,
      quarantineDays: 9,
      provider: 'cuda',
      acceptedProvenance: ['w8a8/cpu', 'fp16/cuda'],
      adapter: 'a/adapter.safetensors',
      kvBytes: 3_000_000,
      corsOrigins: ['https://a.example', 'https://b.example'],
      requestTimeoutMs: 5000,
      tenantDocuments: 4,
      tenantPassages: 5,
      tenantBytes: 6,
      tenantTokensPerDay: 7,
      requestsPerMinute: 8,
      cache: '/var/models',
      python: 'python3.12',
      log: 'debug',
      stores: 's3://kv?table=t',
      blobCacheBytes: 9,
      leaseMs: 4000,
      drainMs: 6000,
      keepAliveMs: 7000,
      worker: false,
      reranker: 'r.onnx',
      huggingFaceEndpoint: 'https://hub.example',
      huggingFaceToken: 'hf_x',
    });
  });

  it('prefers options to the environment, and takes an empty one as not given', () => {
    const environment = { BLOCKRAG_KV: 'fp16', BLOCKRAG_PASSAGE_TOKENS: '128', BLOCKRAG_COMPUTE: '' };
    const config = loadConfig({ kv: 'fp32', passageTokens: undefined, model: '' }, environment);
    expect(config).toMatchObject({ kv: 'fp32', passageTokens: 128 });
    expect(config.compute).toBeUndefined();
    expect(config.model).toBeUndefined();
  });

  it('makes the data directory absolute', () => {
    expect(loadConfig({ data: 'here' }, {}).data).toBe(resolve('here'));
  });

  it.each<[string, ConfigOverrides]>([
    ['passageTokens', { passageTokens: '31' }],
    ['passageTokens', { passageTokens: '2049' }],
    ['passageTokens', { passageTokens: 'many' }],
    ['passageTokens', { passageTokens: '64.5' }],
    ['compute', { compute: 'fp64' }],
    ['kv', { kv: 'int4' }],
    ['acceptedProvenance', { acceptedProvenance: 'w8a8/tpu' }],
    ['threads', { threads: '0' }],
    ['maxAnswers', { maxAnswers: '-1' }],
  ])('refuses a wrong value and names the option: %s of %j', (option, options) => {
    const error = expect.objectContaining({
      code: 'invalid_option',
      message: expect.stringContaining(option),
    });
    expect(() => loadConfig(options, {})).toThrow(error);
  });
});
