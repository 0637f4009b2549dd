/** What a document and a question take, as the costs are computed from it: measured, or assumed and said to be. */

/** Requests to the stores. */
export interface Requests {
  s3Gets: number;
  /** PUT, POST and LIST, which have one price. */
  s3Puts: number;
  /** Request units of DynamoDB. */
  dynamoReads: number;
  dynamoWrites: number;
}

/**
 * Counted, and a fifth or more above that: tests/e2e/aws/requests.test.ts counts them between the code and stores that stand in for
 * AWS, and fails when there are more.
 */
export const REQUESTS: { question: Requests; document: Requests; passage: Requests } = {
  /**
   * A warm question with 8 passages in the context, whose blobs no instance has yet: 24 to 44 GET and 2 to 7 PUT or
   * LIST were counted (the more, the less upkeep the index has had), 28 and 1 units.
   */
  question: { s3Gets: 53, s3Puts: 10, dynamoReads: 40, dynamoWrites: 4 },
  /** Of a document beside its passages: upload, splitting, index. With 20 passages: 21, 61, 110 and 101. */
  document: { s3Gets: 6, s3Puts: 34, dynamoReads: 50, dynamoWrites: 40 },
  passage: { s3Gets: 1, s3Puts: 2, dynamoReads: 4, dynamoWrites: 4 },
};

/** Ten pages. */
export const DOCUMENT = { passages: 20, tokensAPassage: 256, bytesAToken: 11_735, rowBytesAPassage: 2_000 };

/** Seconds; of two cores with VNNI where nothing else is said (docs/lab/speed.md, docs/lab/fidelity.md). */
export const TIMES = {
  /** First token at 2,048 tokens of context, 100 tokens of answer, and the retrieval. */
  question: 2.4,
  /** From the start of the process to its first answer; what Lambda takes for its image is not in it. */
  start: 1.43,
  /** Assumed: both. */
  init: 3,
  /** Assumed: one question in a hundred meets an instance that has to start. */
  coldQuestions: 0.01,
  ingest: 2,
  sweep: 10,
  /** Tokens a second: two cores; assumed of a function or server with four vCPUs; of a c7i.xlarge. */
  encode: { twoCores: 1_000, fourVcpus: 1_500, c7iXlarge: 2_000 },
} as const;

/** As in serverless.yml; a test compares them. */
export const STAGE = {
  queryMemory: 7076,
  precomputeMemory: 7076,
  smallMemory: 3008,
  serverCpu: 4096,
  serverMemory: 8192,
  serverDiskGiB: 40,
  serversMin: 2,
  /** Those of servers with the two that scaling by processors makes itself. */
  alarms: { lambda: 15, ecs: 20 },
  wafRules: 2,
} as const;
