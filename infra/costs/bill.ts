/** What a stage on AWS costs, line by line: the arithmetic is the text that the line shows. */
import { DOCUMENT, REQUESTS, type Requests, STAGE, TIMES } from './measured.ts';
import { HOURS_A_MONTH, PRICES, type Price, SECONDS_A_MONTH } from './prices.ts';

export interface Line {
  what: string;
  /** "1,000 x 2.4 s x 6.9 GB x 0.0000133334" */
  how: string;
  dollars: number;
}

export type Serving = 'lambda' | 'ecs';

/** A number with its unit, or a price. */
type Factor = number | readonly [number, string] | Price;

const MB = 1024;
const LOG_GB_A_QUESTION = 2e-6;

const shown = (value: number) => value.toLocaleString('en-US', { maximumFractionDigits: 6 });

function line(what: string, ...factors: Factor[]): Line {
  const parts = factors.map((factor) => {
    if (typeof factor === 'number') return { value: factor, text: shown(factor) };
    if ('dollars' in factor) return { value: factor.dollars, text: factor.text };
    return { value: factor[0], text: `${shown(factor[0])} ${factor[1]}` };
  });
  return {
    what,
    how: parts.map(({ text }) => text).join(' x '),
    dollars: parts.reduce((product, { value }) => product * value, 1),
  };
}

export const total = (lines: readonly Line[]) => lines.reduce((sum, { dollars }) => sum + dollars, 0);

const gb = (megabytes: number) => [Math.round((megabytes / MB) * 10) / 10, 'GB'] as const;

/** Requests to S3 and DynamoDB, so many times. */
export function requestLines(times: number, requests: Requests): Line[] {
  const { s3, dynamo } = PRICES;
  return [
    line('S3 GET', times, [requests.s3Gets, 'GET'], s3.get),
    line('S3 PUT, LIST', times, [requests.s3Puts, 'PUT'], s3.put),
    line('DynamoDB reads', times, [requests.dynamoReads, 'units'], dynamo.read),
    line('DynamoDB writes', times, [requests.dynamoWrites, 'units'], dynamo.write),
  ];
}

/** A document's requests with all its passages'. */
export function documentRequests({ document, passage } = REQUESTS, passages = DOCUMENT.passages): Requests {
  const sum = (name: keyof Requests) => document[name] + passages * passage[name];
  return {
    ...{ s3Gets: sum('s3Gets'), s3Puts: sum('s3Puts') },
    ...{ dynamoReads: sum('dynamoReads'), dynamoWrites: sum('dynamoWrites') },
  };
}

/** Uploads of so many documents, once. */
export function documentsBill(documents: number): Line[] {
  const { lambda } = PRICES;
  const tokens = documents * DOCUMENT.passages * DOCUMENT.tokensAPassage;
  const seconds = Math.round(tokens / TIMES.encode.fourVcpus);
  return [
    line('encode, Lambda', [seconds, 's'], gb(STAGE.precomputeMemory), lambda.gbSecond),
    line('ingest, Lambda', documents, [TIMES.ingest, 's'], gb(STAGE.smallMemory), lambda.gbSecond),
    ...requestLines(documents, documentRequests()),
    line('EventBridge', documents, PRICES.event),
    line('SQS', [10 * documents, 'requests'], PRICES.sqsRequest),
  ];
}

/** Encoding of as many on AWS Batch, in the place of Lambda. */
export function batchEncoding(documents: number): Line {
  const tokens = documents * DOCUMENT.passages * DOCUMENT.tokensAPassage;
  const hours = Math.round((tokens / TIMES.encode.c7iXlarge / 3600) * 100) / 100;
  return line('encode, Batch on CPU spot', [hours, 'h'], PRICES.spotHour.c7iXlarge);
}

/** Keeping as many documents for a month. */
export function storageBill(documents: number): Line[] {
  const passages = documents * DOCUMENT.passages;
  const blobs = Math.round((passages * DOCUMENT.tokensAPassage * DOCUMENT.bytesAToken) / 1e8) / 10;
  const rows = (passages * DOCUMENT.rowBytesAPassage) / 1e9;
  return [
    line('blobs', [blobs, 'GB'], PRICES.s3.gbMonth),
    line('table', [rows, 'GB'], PRICES.dynamo.gbMonth),
    line('recovery of the table', [rows, 'GB'], PRICES.dynamo.backupGbMonth),
  ];
}

/** So many questions; with ecs the servers are paid by the hour (`idleBill`), not by the question. */
export function questionsBill(questions: number, serving: Serving): Line[] {
  const { lambda, waf, cloudwatch } = PRICES;
  const memory = gb(STAGE.queryMemory);
  const compute = [
    line('Lambda, answers', questions, [TIMES.question, 's'], memory, lambda.gbSecond),
    line('Lambda, INIT', questions, TIMES.coldQuestions, [TIMES.init, 's'], memory, lambda.gbSecond),
    line('Lambda, requests', questions, lambda.request),
    line('API Gateway', questions, PRICES.apiRequest),
  ];
  return [
    ...(serving === 'lambda' ? compute : []),
    ...requestLines(questions, REQUESTS.question),
    line('WAF', questions, waf.request),
    line('logs', questions, [LOG_GB_A_QUESTION, 'GB'], cloudwatch.logGb),
  ];
}

/** A month in which nothing is asked. Each metric in use is 0.30 more. */
export function idleBill(serving: Serving): Line[] {
  const { lambda, cloudwatch, waf } = PRICES;
  return [
    ...(serving === 'ecs' ? [...serverBill(STAGE.serversMin), ...balancerBill()] : []),
    line('alarms', STAGE.alarms[serving], cloudwatch.alarm),
    line('dashboard', cloudwatch.dashboard),
    line('WAF', waf.acl),
    line('WAF, rules', STAGE.wafRules, waf.rule),
    line('sweeps', 120, [TIMES.sweep, 's'], gb(STAGE.smallMemory), lambda.gbSecond),
  ];
}

/** A month of so many servers. */
export function serverBill(servers: number): Line[] {
  const { fargate } = PRICES;
  const hours = [HOURS_A_MONTH, 'h'] as const;
  const disk = [STAGE.serverDiskGiB - 20, 'GB'] as const;
  return [
    line('Fargate, vCPUs', servers, [STAGE.serverCpu / 1024, 'vCPU'], hours, fargate.vcpuHour),
    line('Fargate, memory', servers, [STAGE.serverMemory / 1024, 'GB'], hours, fargate.gbHour),
    line('Fargate, disk beyond 20 GB', servers, disk, hours, fargate.diskGbHour),
    line('addresses of the servers', servers, hours, PRICES.addressHour),
  ];
}

function balancerBill(): Line[] {
  const { hour, capacityUnitHour } = PRICES.loadBalancer;
  const hours = [HOURS_A_MONTH, 'h'] as const;
  return [
    line('load balancer', hours, hour),
    // One is 25 new connections a second, 3,000 open ones, or 1 GB an hour.
    line('load balancer, one capacity unit', hours, capacityUnitHour),
    line('addresses of the load balancer', 2, hours, PRICES.addressHour),
  ];
}

/** A month of so many instances of the query function that are always warm, beside their answers. */
export function provisionedBill(instances: number): Line[] {
  const memory = gb(STAGE.queryMemory);
  return [
    line('warm instances', instances, [SECONDS_A_MONTH, 's'], memory, PRICES.lambda.provisionedGbSecond),
  ];
}

/** Questions a second, all month long, from which on servers cost less than functions. */
export function breakEven(): number {
  const fixed = total(idleBill('ecs')) - total(idleBill('lambda'));
  const perQuestion = total(questionsBill(1, 'lambda')) - total(questionsBill(1, 'ecs'));
  return fixed / perQuestion / SECONDS_A_MONTH;
}
