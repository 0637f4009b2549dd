import { beforeAll, describe, expect, it } from 'vitest';
import { parseAwsStores } from '../../../shared/stores/aws.ts';
import {
  IMAGES,
  ofType,
  type Properties,
  packageStage,
  SERVERS,
  type Template,
} from '../../support/aws/packaged.ts';

let ecs: Template;
let lambda: Template;
let withoutBatch: Template;
beforeAll(async () => {
  ecs = (await packageStage('prod', SERVERS)).template;
  lambda = (await packageStage('prod', IMAGES)).template;
  withoutBatch = (await packageStage('prod', { ...SERVERS, batch: 'none', serversMin: '2', serversMax: '2' }))
    .template;
});

const properties = (id: string): Properties => ecs.Resources[id]!.Properties;
const container = (): Properties => properties('ServerTask').ContainerDefinitions[0];
const environment = (): Record<string, Properties> =>
  Object.fromEntries(
    container().Environment.map(({ Name, Value }: { Name: string; Value: Properties }) => [Name, Value]),
  );
const attribute = (id: string, name: string, key: string) =>
  properties(id)[name].find(({ Key }: { Key?: string }) => Key === key)?.Value;

describe('serving=ecs', () => {
  it('has no gateway and no function that answers, and all the rest', () => {
    const all = (template: Template) => Object.keys(template.Resources);
    const gone = all(lambda).filter((id) => !all(ecs).includes(id));
    expect(gone.filter((id) => !/^(ApiGateway|Query|AccessLogGroup)/.test(id)).sort()).toEqual([
      ...['DomainMapping', 'DomainName', 'TimeoutResponse', 'TooLargeResponse'],
    ]);
    expect(Object.keys(ofType(ecs, 'AWS::Lambda::Function')).sort()).toEqual([
      ...['IngestLambdaFunction', 'PrecomputeLambdaFunction', 'SweepLambdaFunction'],
    ]);
  });

  it('keeps the stores of serving=lambda, so that a stage can change from one to the other', () => {
    for (const id of ['Table', 'DataBucket', 'IngestQueue', 'PrecomputeQueue']) {
      expect(ecs.Resources[id], id).toEqual(lambda.Resources[id]);
    }
  });

  it('opens the stores, the queue and the bucket that the functions work on', () => {
    const { 'Fn::Sub': stores } = environment().BLOCKRAG_STORES;
    const names: Record<string, string> = {
      ...{ DataBucket: 'data', Table: 'rows', DocumentsBucket: 'documents' },
      PrecomputeQueue: 'https://sqs.us-east-1.amazonaws.com/123456789012/bell',
    };
    const given = parseAwsStores(stores.replace(/\$\{(\w+)\}/g, (_: string, id: string) => names[id]));
    expect(given).toEqual({
      ...{ bucket: 'data', table: 'rows', documentsBucket: 'documents', index: undefined },
      wakes: names.PrecomputeQueue,
    });
    // The functions are told where the index lies; servers take the default, which is the same.
    const { Variables } = ecs.Resources.IngestLambdaFunction!.Properties.Environment;
    expect(Variables.BLOCKRAG_INDEX).toEqual({ 'Fn::Sub': `s3://\${DataBucket}/retrieval` });
  });

  it('gives servers the settings of the function that answers otherwise', () => {
    const { Variables } = lambda.Resources.QueryLambdaFunction!.Properties.Environment;
    const settings = environment();
    // Of a function, or in BLOCKRAG_STORES.
    const others =
      /^(AWS_ALLOW_HTTP|BLOCKRAG_(TABLE|BUCKET|DOCUMENTS_BUCKET|INDEX|PRECOMPUTE_QUEUE|BATCH_\w+|TRANSFER|BASE_PATH|MAX_BODY_BYTES|WATCH_MS|BLOB_CACHE_BYTES))$/;
    for (const [name, value] of Object.entries(Variables)) {
      if (!others.test(name)) expect(String(settings[name]), name).toBe(String(value));
    }
  });

  it('lets a server do what the function that answers may, and no more', () => {
    const { Policies, AssumeRolePolicyDocument } = properties('QueryRole');
    expect(Policies).toEqual(lambda.Resources.QueryRole!.Properties.Policies);
    expect(AssumeRolePolicyDocument.Statement[0].Principal).toEqual({ Service: 'ecs-tasks.amazonaws.com' });
    expect(properties('ServerTask').TaskRoleArn).toEqual({ 'Fn::GetAtt': ['QueryRole', 'Arn'] });
    // Which may delete no blob: who encodes and sweeps are the functions.
    expect(environment().BLOCKRAG_WORKER).toBe('0');
  });

  it('lets nothing but the load balancer reach a server, and everybody the load balancer by TLS', () => {
    const [server] = properties('ServerSecurityGroup').SecurityGroupIngress;
    expect(server).toMatchObject({
      ...{ FromPort: 8080, ToPort: 8080, SourceSecurityGroupId: { Ref: 'BalancerSecurityGroup' } },
    });
    const listeners = Object.values(ofType(ecs, 'AWS::ElasticLoadBalancingV2::Listener'));
    expect(listeners.map(({ Protocol, Port }) => [Protocol, Port])).toEqual([['HTTPS', 443]]);
    expect(properties('WebAclAssociation').ResourceArn).toEqual({ Ref: 'LoadBalancer' });
    expect(properties('WebAcl')).toEqual(lambda.Resources.WebAcl!.Properties);
  });

  it('ends answers before the load balancer, keeps connections longer, and stops when none is under way', () => {
    const { BLOCKRAG_REQUEST_TIMEOUT_MS, BLOCKRAG_KEEP_ALIVE_MS, BLOCKRAG_DRAIN_MS, BLOCKRAG_WATCH_MS } =
      environment();
    const idle =
      1000 * Number(attribute('LoadBalancer', 'LoadBalancerAttributes', 'idle_timeout.timeout_seconds'));
    const delay =
      1000 *
      Number(attribute('TargetGroup', 'TargetGroupAttributes', 'deregistration_delay.timeout_seconds'));
    expect(Number(BLOCKRAG_REQUEST_TIMEOUT_MS)).toBeLessThan(idle);
    expect(Number(BLOCKRAG_KEEP_ALIVE_MS)).toBeGreaterThan(idle);
    expect(Number(BLOCKRAG_REQUEST_TIMEOUT_MS)).toBeLessThan(delay);
    expect(Number(BLOCKRAG_WATCH_MS)).toBeLessThan(delay);
    // What the server needs after that to say so.
    expect(Number(BLOCKRAG_DRAIN_MS) + 10_000).toBeLessThan(1000 * container().StopTimeout);
  });

  it('takes a server in when it is ready, which it is when it listens', () => {
    expect(properties('TargetGroup')).toMatchObject({
      TargetType: 'ip',
      Port: 8080,
      HealthCheckPath: '/healthz',
    });
    expect(container()).toMatchObject({
      Command: ['serve', '--host', '0.0.0.0'],
      PortMappings: [{ ContainerPort: 8080 }],
      MountPoints: [{ SourceVolume: 'scratch', ContainerPath: environment().TMPDIR }],
    });
    expect((ecs.Resources.Service as unknown as { DependsOn: string }).DependsOn).toContain('Listener');
  });

  it('keeps copies of blobs on a disk that has room for them', () => {
    const disk = Number(properties('ServerTask').EphemeralStorage.SizeInGiB) * 2 ** 30;
    // The image lies there, too.
    expect(Number(environment().BLOCKRAG_BLOB_CACHE_BYTES) + 10e9).toBeLessThan(disk);
  });

  it('has a vCPU for each thread', () => {
    expect(Number(properties('ServerTask').Cpu) / 1024).toBe(Number(environment().BLOCKRAG_THREADS));
  });

  it('has more servers when processors are busy or answers begin late, by the metric that servers write', () => {
    const { Namespace, MetricName, Dimensions, AlarmActions } = properties('LateAnswersAlarm');
    expect([Namespace, MetricName, Dimensions]).toEqual([
      ...[environment().BLOCKRAG_METRICS_NAMESPACE, 'FirstTokenMs', [{ Name: 'function', Value: 'query' }]],
    ]);
    expect(AlarmActions).toEqual([{ Ref: 'FirstTokenScaling' }]);
    expect(properties('Servers')).toMatchObject({
      MinCapacity: { Ref: 'ServersMin' },
      MaxCapacity: { Ref: 'ServersMax' },
    });
    expect(ecs.Parameters?.ServersMin?.Default).toBe(2);
    // A deployment does not set back what was scaled.
    expect(properties('Service').DesiredCount).toEqual({
      'Fn::If': ['Scales', { Ref: 'AWS::NoValue' }, 2],
    });
    for (const id of ['Servers', 'ProcessorScaling', 'FirstTokenScaling', 'LateAnswersAlarm']) {
      expect(ecs.Resources[id]!.Condition).toBe('Scales');
    }
  });

  it('shows the requests of the load balancer, and raises alarms for it and its servers', () => {
    const { 'Fn::Sub': body } = properties('Dashboard').DashboardBody;
    const text = body.replaceAll(/\$\{[^}]+\}/g, 'x');
    expect(JSON.stringify(JSON.parse(text))).toContain('"AWS/ApplicationELB","RequestCount"');
    expect(body).not.toContain('QueryLambdaFunction');
    const alarms = Object.keys(ofType(ecs, 'AWS::CloudWatch::Alarm'));
    expect(alarms).toEqual(
      expect.arrayContaining([
        'ServerErrorsAlarm',
        'BalancerErrorsAlarm',
        'UnhealthyServersAlarm',
        'FirstTokenAlarm',
      ]),
    );
  });

  it('has a network of its own, also without Batch', () => {
    const network = (template: Template) =>
      Object.entries(template.Resources).filter(([, { Type }]) => /EC2::(VPC|Subnet|Route)/.test(Type));
    expect(network(withoutBatch)).toEqual(network(ecs));
    expect(network(ecs).length).toBeGreaterThan(5);
    expect(ofType(withoutBatch, 'AWS::Batch::JobQueue')).toEqual({});
  });
});
