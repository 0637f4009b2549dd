import { beforeAll, describe, expect, it } from 'vitest';
import { READ_TIMEOUT_MS } from '../../../shared/documents/index.ts';
import { IMAGES, ofType, type Properties, packageStage, type Template } from '../../support/aws/packaged.ts';

let aws: Template;
let local: Template;
let dev: Template;
beforeAll(async () => {
  aws = (await packageStage('prod', IMAGES)).template;
  local = (await packageStage('local')).template;
  dev = (await packageStage('dev', IMAGES)).template;
});

const FUNCTIONS = ['Query', 'Ingest', 'Precompute', 'Sweep'];
const lambda = (template: Template, name: string) => template.Resources[`${name}LambdaFunction`]!.Properties;

describe('functions', () => {
  it('each have a role of their own', () => {
    for (const template of [aws, local]) {
      const roles = FUNCTIONS.map((name) => JSON.stringify(lambda(template, name).Role));
      expect(roles).toEqual(FUNCTIONS.map((name) => JSON.stringify({ 'Fn::Sub': `\${${name}Role.Arn}` })));
    }
  });

  it('know the table, the buckets, the index, the queues and the model', () => {
    for (const template of [aws, local]) {
      for (const name of FUNCTIONS) {
        expect(lambda(template, name).Environment.Variables).toMatchObject({
          BLOCKRAG_TABLE: { Ref: 'Table' },
          BLOCKRAG_BUCKET: { Ref: 'DataBucket' },
          BLOCKRAG_DOCUMENTS_BUCKET: { Ref: 'DocumentsBucket' },
          BLOCKRAG_INDEX: { 'Fn::Sub': `s3://\${DataBucket}/retrieval` },
          BLOCKRAG_PRECOMPUTE_QUEUE: { Ref: 'PrecomputeQueue' },
          BLOCKRAG_MODEL: 'smollm2-135m-instruct',
          BLOCKRAG_COMPUTE: 'w8a8',
          BLOCKRAG_KV: 'int8',
        });
      }
    }
  });

  it('come from one image by its digest in AWS, from one zip in the local stage', () => {
    for (const name of FUNCTIONS) {
      const handler = `${name.toLowerCase()}.handler`;
      expect(lambda(aws, name)).toMatchObject({
        PackageType: 'Image',
        Code: { ImageUri: IMAGES.functionsImage },
        ImageConfig: { Command: [handler] },
      });
      expect(lambda(local, name)).toMatchObject({ Handler: handler, Runtime: 'nodejs24.x' });
      expect(lambda(local, name).Code.S3Key).toMatch(/\/functions\.zip$/);
    }
  });

  it('find the models in the image', () => {
    expect(lambda(aws, 'Query').Environment.Variables.BLOCKRAG_CACHE).toBe('/opt/blockrag/cache');
  });

  it('have a vCPU for each thread: 1,769 MB', () => {
    for (const name of ['Query', 'Precompute']) {
      const { MemorySize, Environment } = lambda(aws, name);
      expect(MemorySize / Number(Environment.Variables.BLOCKRAG_THREADS)).toBeGreaterThanOrEqual(1769);
    }
  });

  it('end an answer themselves, before the function and the gateway do', () => {
    for (const template of [aws, local]) {
      const { Environment, Timeout } = lambda(template, 'Query');
      const own = Number(Environment.Variables.BLOCKRAG_REQUEST_TIMEOUT_MS);
      const [method] = Object.values(ofType(template, 'AWS::ApiGateway::Method'));
      expect(own).toBeLessThan(Math.min(Timeout * 1000, method.Integration.TimeoutInMillis));
    }
  });

  it('take concurrency as parameters', async () => {
    const params = { ...IMAGES, queryConcurrency: '20', queryProvisioned: '2' };
    const { template } = await packageStage('prod', params);
    expect(lambda(template, 'Query').ReservedConcurrentExecutions).toBe(20);
    const [alias] = Object.values(ofType(template, 'AWS::Lambda::Alias'));
    expect(alias?.ProvisionedConcurrencyConfig.ProvisionedConcurrentExecutions).toBe(2);
    expect(ofType(aws, 'AWS::Lambda::Alias')).toEqual({});
  });

  it('have their concurrency bounded, unless the account has none to set aside', async () => {
    const { template } = await packageStage('prod', { ...IMAGES, reserve: 'none' });
    const reserved = (one: Template) =>
      FUNCTIONS.map((name) => lambda(one, name).ReservedConcurrentExecutions);
    expect(reserved(aws)).toEqual([20, undefined, undefined, 1]);
    expect(reserved(template)).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe('events', () => {
  it.each([
    ['Ingest', 'IngestQueue'],
    ['Precompute', 'PrecomputeQueue'],
  ])('of %s come in batches that may fail in part, hidden for six times its timeout', (name, queue) => {
    const mappings = Object.values(ofType(aws, 'AWS::Lambda::EventSourceMapping'));
    const [mapping] = mappings.filter(({ EventSourceArn }) => EventSourceArn['Fn::GetAtt'][0] === queue);
    expect(mapping.FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
    const { VisibilityTimeout, RedrivePolicy } = aws.Resources[queue]!.Properties;
    expect(VisibilityTimeout).toBeGreaterThanOrEqual(6 * lambda(aws, name).Timeout);
    expect(RedrivePolicy.maxReceiveCount).toBeGreaterThanOrEqual(5);
  });

  it('of documents come one at a time, to a function that outlasts the reading of one', () => {
    const mappings = Object.values(ofType(aws, 'AWS::Lambda::EventSourceMapping'));
    expect(mappings.map(({ BatchSize }) => BatchSize)).toEqual([1, 1]);
    expect(lambda(aws, 'Ingest').Timeout * 1000).toBeGreaterThan(2 * READ_TIMEOUT_MS);
  });

  it('of the documents bucket go to the queue of ingest, and only they may', () => {
    const rule = aws.Resources.DocumentsRule!.Properties;
    expect(rule.EventPattern).toEqual({
      source: ['aws.s3'],
      'detail-type': ['Object Created', 'Object Deleted'],
      detail: { bucket: { name: [{ Ref: 'DocumentsBucket' }] } },
    });
    expect(rule.Targets[0].Arn).toEqual({ 'Fn::GetAtt': ['IngestQueue', 'Arn'] });
    const bucket = aws.Resources.DocumentsBucket!.Properties;
    expect(bucket.NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled).toBe(true);
    const [allowed] = aws.Resources.IngestQueuePolicy!.Properties.PolicyDocument.Statement.filter(
      ({ Effect }: { Effect: string }) => Effect === 'Allow',
    );
    expect(allowed.Condition.ArnEquals['aws:SourceArn']).toEqual({ 'Fn::GetAtt': ['DocumentsRule', 'Arn'] });
  });

  it('of the schedule may start the sweep', () => {
    expect(aws.Resources.SweepPermission!.Properties.SourceArn).toEqual({
      'Fn::GetAtt': ['SweepRule', 'Arn'],
    });
  });
});

describe('the API', () => {
  const integrations = (template: Template) =>
    Object.values(ofType(template, 'AWS::ApiGateway::Method')).map(({ Integration }) => Integration);

  it('streams in AWS and buffers in the local stage', () => {
    expect(integrations(aws).map((one) => one.ResponseTransferMode)).toEqual(['STREAM', 'STREAM']);
    expect(integrations(aws).map((one) => one.TimeoutInMillis)).toEqual([300_000, 300_000]);
    expect(integrations(local).map((one) => one.TimeoutInMillis)).toEqual([29_000, 29_000]);
    expect(integrations(local).every((one) => one.ResponseTransferMode !== 'STREAM')).toBe(true);
    for (const [template, mode] of [
      [aws, 'STREAM'],
      [local, 'BUFFERED'],
    ] as const) {
      expect(lambda(template, 'Query').Environment.Variables.BLOCKRAG_TRANSFER).toBe(mode);
    }
  });

  it('passes bytes as they are', () => {
    const [api] = Object.values(ofType(aws, 'AWS::ApiGateway::RestApi'));
    expect(api.BinaryMediaTypes).toEqual(['*/*']);
    expect(api.EndpointConfiguration.Types).toEqual(['REGIONAL']);
  });
});

describe('data', () => {
  it('outlives the stack, but not in the stages dev and local', () => {
    for (const id of ['DocumentsBucket', 'DataBucket', 'Table']) {
      expect(aws.Resources[id]!.DeletionPolicy).toBe('Retain');
      expect(dev.Resources[id]!.DeletionPolicy).toBe('Delete');
      expect(local.Resources[id]!.DeletionPolicy).toBe('Delete');
    }
  });

  it('has versions where users put it, and for some days of originals', () => {
    expect(aws.Resources.DocumentsBucket!.Properties.VersioningConfiguration.Status).toBe('Enabled');
    const { VersioningConfiguration, LifecycleConfiguration } = aws.Resources.DataBucket!.Properties;
    expect(VersioningConfiguration.Status).toEqual({ 'Fn::If': ['HasBackups', 'Enabled', 'Suspended'] });
    expect([aws, local].map(({ Parameters }) => Parameters?.BackupDays?.Default)).toEqual([7, 0]);
    const kept = LifecycleConfiguration.Rules.slice(1).map(
      ({ Prefix, NoncurrentVersionExpiration }: Properties) => [
        Prefix,
        NoncurrentVersionExpiration.NoncurrentDays,
      ],
    );
    // Of what can be made again nothing is kept for longer than S3 must.
    expect(kept).toEqual([
      ['originals/', { 'Fn::If': ['HasBackups', { Ref: 'BackupDays' }, 1] }],
      ['kv/', 1],
      ['retrieval/', 1],
    ]);
  });

  it('is encrypted with a key of your own where one is given', async () => {
    const key = 'arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555';
    const { template } = await packageStage('prod', { ...IMAGES, kmsKey: key });
    expect(template.Parameters?.KmsKeyArn?.Default).toBe(key);
    expect(template.Resources.KeyAccess?.Condition).toBe('HasKmsKey');
    expect(template.Resources.BatchKeyAccess?.Condition).toBe('HasKmsKey');
  });
});
