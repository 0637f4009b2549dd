/** The stage `local`, deployed into ministack by the project's own commands, and what a test does with it. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CloudFormationClient, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import { IAMClient } from '@aws-sdk/client-iam';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { KeyRing } from '../../../shared/access/keys.ts';
import { cacheDirectory } from '../../../shared/model/cache.ts';
import { openDynamoTable } from '../../../shared/storage/table/dynamodb.ts';
import type { Service } from '../../services/index.ts';
import { testFetch } from '../settings.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const STACK = 'blockrag-local';

export interface Deployed {
  s3: S3Client;
  sqs: SQSClient;
  iam: IAMClient;
  /** Where the API answers. */
  url: string;
  /** Physical name by logical name. */
  resources: ReadonlyMap<string, string>;
  request(path: string, init?: RequestInit): Promise<Response>;
  json<T>(path: string, body?: unknown): Promise<T>;
  remove(): Promise<void>;
  close(): void;
}

/** Deploys with parameters (NAME=VALUE), and makes a key of the tenant. */
export async function deployLocal(
  service: Service,
  tenant: string,
  ...params: readonly string[]
): Promise<Deployed> {
  const { endpoint, region, credentials } = service;
  await stackCommand('infra/deploy.ts', service, ...params.flatMap((param) => ['--param', param]));
  const client = { endpoint, region, credentials };
  const resources = await stackResources(service);
  const table = openDynamoTable({ table: resources.get('Table')!, client });
  const { key } = await new KeyRing(table).add({ tenant, name: 'test', scopes: ['read', 'write'] });
  await table.close();
  const base = `${endpoint}${apiPath(resources)}`;
  const s3 = new S3Client({ ...client, forcePathStyle: true });
  const sqs = new SQSClient(client);
  const iam = new IAMClient(client);
  const request = (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${key}`);
    return fetch(`${base}${path}`, { ...init, headers });
  };
  return {
    s3,
    sqs,
    iam,
    url: base,
    resources,
    request,
    async json<T>(path: string, body?: unknown): Promise<T> {
      const response = await request(
        path,
        body === undefined
          ? {}
          : {
              method: 'POST',
              body: JSON.stringify(body),
              headers: { 'content-type': 'application/json' },
            },
      );
      const text = await response.text();
      if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
      return JSON.parse(text) as T;
    },
    remove: () => stackCommand('infra/remove.ts', service, '--yes'),
    close() {
      s3.destroy();
      sqs.destroy();
      iam.destroy();
    },
  };
}

/** Where the stand-in has the API: behind its gateway, or behind its load balancer. */
function apiPath(resources: ReadonlyMap<string, string>): string {
  const [, balancer] = /loadbalancer\/app\/([^/]+)/.exec(resources.get('LoadBalancer') ?? '') ?? [];
  if (balancer !== undefined) return `/_alb/${balancer}`;
  return `/restapis/${resources.get('ApiGatewayRestApi')}/local/_user_request_`;
}

/** Resources of the stack; empty once it is removed. */
export async function stackResources({
  endpoint,
  region,
  credentials,
}: Service): Promise<Map<string, string>> {
  const client = new CloudFormationClient({ endpoint, region, credentials });
  const found = new Map<string, string>();
  try {
    for await (const page of paginateListStackResources({ client }, { StackName: STACK })) {
      for (const { LogicalResourceId, PhysicalResourceId } of page.StackResourceSummaries ?? []) {
        found.set(LogicalResourceId!, PhysicalResourceId ?? '');
      }
    }
  } finally {
    client.destroy();
  }
  return found;
}

async function stackCommand(
  script: string,
  { endpoint, region, credentials }: Service,
  ...options: string[]
) {
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
    BLOCKRAG_CACHE: cacheDirectory(testFetch().cache),
    SLS_AWS_MONITORING_FREQUENCY: '200',
  };
  const args = ['--import', 'tsx', script, '--stage', 'local', ...options];
  await promisify(execFile)(process.execPath, args, { cwd: ROOT, env, maxBuffer: 64 << 20 }).catch(
    ({ stdout, stderr }: { stdout?: string; stderr?: string }) => {
      throw new Error(`${script} failed:\n${stdout}\n${stderr}`);
    },
  );
}
