import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkTemplate } from '../../../infra/guard/check.ts';
import {
  GPU_IMAGES,
  ofType,
  type Packaged,
  type Properties,
  packageStage,
  SERVERS,
  type Template,
} from '../../support/aws/packaged.ts';
import { temporaryFolder } from '../../support/models.ts';

let aws: Packaged;
let servers: Packaged;
beforeAll(async () => {
  aws = await packageStage('prod', GPU_IMAGES);
  servers = await packageStage('prod', SERVERS);
});

/** A change to a sound template that one rule must find, and the resource that it is in. */
type Mistake = [rule: string, resource: string, plant: (template: Template) => void];

const edit =
  (resource: string, change: (properties: Properties) => void) =>
  ({ Resources }: Template) =>
    change(Resources[resource]!.Properties);

const withStatement = (statement: object) => (template: Template) => {
  template.Resources.QueryRole!.Properties.Policies[0].PolicyDocument.Statement.push(statement);
};
const table = { 'Fn::GetAtt': ['Table', 'Arn'] };

const MISTAKES: Mistake[] = [
  [
    'bucket_is_private',
    'DataBucket',
    edit('DataBucket', (bucket) => {
      bucket.PublicAccessBlockConfiguration.BlockPublicPolicy = false;
    }),
  ],
  ['bucket_is_private', 'DataBucket', edit('DataBucket', (b) => delete b.PublicAccessBlockConfiguration)],
  ['bucket_is_encrypted', 'DocumentsBucket', edit('DocumentsBucket', (b) => delete b.BucketEncryption)],
  ['bucket_takes_tls_only', 'DataBucket', ({ Resources }) => delete Resources.DataBucketPolicy],
  [
    'bucket_takes_tls_only',
    'DocumentsBucket',
    edit('DocumentsBucketPolicy', (policy) => {
      policy.PolicyDocument.Statement[0].Effect = 'Allow';
    }),
  ],
  ['queue_has_dead_letters', 'IngestQueue', edit('IngestQueue', (queue) => delete queue.RedrivePolicy)],
  ['queue_is_encrypted', 'SweepDeadLetters', edit('SweepDeadLetters', (q) => delete q.SqsManagedSseEnabled)],
  ['queue_takes_tls_only', 'IngestQueue', ({ Resources }) => delete Resources.IngestQueuePolicy],
  [
    'event_has_dead_letters',
    'DocumentsRule',
    edit('DocumentsRule', (rule) => delete rule.Targets[0].DeadLetterConfig),
  ],
  [
    'event_dead_letters_take_events',
    'DocumentsRule',
    edit('IngestDeadLettersPolicy', (policy) => policy.PolicyDocument.Statement.pop()),
  ],
  ...['AWS_REGION', 'BLOCKRAG_THREADS', 'BLOCKRAG_JOB_SECONDS'].map(
    (name, i): Mistake => [
      ['job_knows_region', 'job_fits_threads', 'job_stops_before_timeout'][i]!,
      'BatchJobGpu',
      edit('BatchJobGpu', ({ ContainerProperties: container }) => {
        container.Environment = container.Environment.filter(({ Name }: { Name: string }) => Name !== name);
      }),
    ],
  ),
  ['job_runs_as_nobody', 'BatchJobCpu', edit('BatchJobCpu', (job) => delete job.ContainerProperties.User)],
  [
    'host_keeps_its_role',
    'HostTemplate',
    edit('HostTemplate', ({ LaunchTemplateData: data }) => {
      data.UserData['Fn::Base64'] = data.UserData['Fn::Base64'].replaceAll('iptables', 'true');
    }),
  ],
  [
    'api_refuses_floods',
    'WebAcl',
    edit('WebAcl', (acl) => {
      acl.Rules[0].Statement.RateBasedStatement.AggregateKeyType = 'CONSTANT';
    }),
  ],
  ['api_refuses_strangers', 'WebAcl', edit('WebAcl', (acl) => acl.Rules.pop())],
  [
    'api_is_throttled',
    'ApiGatewayDeployment',
    edit('ApiGatewayDeployment', (one) => delete one.StageDescription),
  ],
  [
    'api_ends_requests_itself',
    'QueryLambdaFunction',
    edit(
      'QueryLambdaFunction',
      ({ Environment }) => delete Environment.Variables.BLOCKRAG_REQUEST_TIMEOUT_MS,
    ),
  ],
  ['table_can_be_restored', 'Table', edit('Table', (one) => delete one.PointInTimeRecoverySpecification)],
  ['table_is_encrypted', 'Table', edit('Table', (one) => delete one.SSESpecification)],
  ['log_has_retention', 'QueryLogGroup', edit('QueryLogGroup', (group) => delete group.RetentionInDays)],
  ['action_is_named', 'QueryRole', withStatement({ Effect: 'Allow', Action: 'dynamodb:*', Resource: table })],
  [
    'action_is_named',
    'QueryRole',
    withStatement({ Effect: 'Allow', Action: ['s3:GetObject', 's3:Put*'], Resource: table }),
  ],
  [
    'action_is_named',
    'QueryRole',
    withStatement({ 'Fn::If': ['HasKmsKey', { Effect: 'Allow', Action: '*', Resource: '*' }, {}] }),
  ],
  [
    'action_is_named',
    'SubmitJobs',
    edit('SubmitJobs', (policy) => {
      policy.PolicyDocument.Statement[0].Action = 'batch:*';
    }),
  ],
  [
    'resource_is_named',
    'QueryRole',
    withStatement({ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }),
  ],
  [
    'resource_is_named',
    'QueryRole',
    withStatement({ Effect: 'Allow', Action: 'sqs:SendMessage', Resource: [table, '*'] }),
  ],
  [
    'resource_is_named',
    'QueryRole',
    withStatement({ Effect: 'Allow', Action: ['ecr:GetAuthorizationToken', 's3:GetObject'], Resource: '*' }),
  ],
  [
    'resource_is_named',
    'SubmitJobs',
    edit('SubmitJobs', (policy) => {
      policy.PolicyDocument.Statement[0].Resource = '*';
    }),
  ],
  [
    'host_is_closed',
    'WorkerSecurityGroup',
    edit('WorkerSecurityGroup', (group) => {
      group.SecurityGroupIngress = [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '0.0.0.0/0' }];
    }),
  ],
  [
    'host_metadata_needs_token',
    'HostTemplate',
    edit('HostTemplate', (template) => delete template.LaunchTemplateData.MetadataOptions),
  ],
  [
    'host_disk_is_encrypted',
    'HostTemplate',
    edit('HostTemplate', (template) => {
      template.LaunchTemplateData.BlockDeviceMappings[0].Ebs.Encrypted = false;
    }),
  ],
];

const attributes = (resource: string, name: string, key: string) =>
  edit(resource, (properties) => {
    properties[name] = properties[name].filter(({ Key }: { Key?: string }) => Key !== key);
  });
const container = (change: (container: Properties) => void) =>
  edit('ServerTask', ({ ContainerDefinitions: [one] }) => change(one));
const unset = (variable: string) =>
  container((one) => {
    one.Environment = one.Environment.filter(({ Name }: { Name: string }) => Name !== variable);
  });

/** The same, in the template of a stage that servers answer. */
const SERVER_MISTAKES: Mistake[] = [
  ['balancer_speaks_tls', 'Listener', edit('Listener', (one) => Object.assign(one, { Protocol: 'HTTP' }))],
  ['balancer_speaks_tls', 'Listener', edit('Listener', (one) => delete one.SslPolicy)],
  [
    'balancer_is_guarded',
    'WebAclAssociation',
    edit('WebAclAssociation', (one) => {
      one.ResourceArn = { Ref: 'TargetGroup' };
    }),
  ],
  [
    'balancer_is_logged',
    'LoadBalancer',
    attributes('LoadBalancer', 'LoadBalancerAttributes', 'access_logs.s3.enabled'),
  ],
  [
    'balancer_drops_odd_headers',
    'LoadBalancer',
    attributes('LoadBalancer', 'LoadBalancerAttributes', 'routing.http.drop_invalid_header_fields.enabled'),
  ],
  [
    'server_is_reached_through_balancer',
    'ServerSecurityGroup',
    edit('ServerSecurityGroup', ({ SecurityGroupIngress: [rule] }) => {
      delete rule.SourceSecurityGroupId;
      rule.CidrIp = '0.0.0.0/0';
    }),
  ],
  [
    'server_is_checked',
    'TargetGroup',
    edit('TargetGroup', (one) => Object.assign(one, { HealthCheckPath: '/' })),
  ],
  [
    'server_drains',
    'TargetGroup',
    attributes('TargetGroup', 'TargetGroupAttributes', 'deregistration_delay.timeout_seconds'),
  ],
  ['server_stops_in_time', 'ServerTask', container((one) => delete one.StopTimeout)],
  ...['DRAIN_MS', 'KEEP_ALIVE_MS', 'REQUEST_TIMEOUT_MS'].map(
    (name): Mistake => ['server_stops_in_time', 'ServerTask', unset(`BLOCKRAG_${name}`)],
  ),
  ['server_runs_as_nobody', 'ServerTask', container((one) => delete one.User)],
  ['server_runs_as_nobody', 'ServerTask', container((one) => delete one.LinuxParameters.Capabilities)],
  ['server_has_a_role', 'ServerTask', edit('ServerTask', (one) => delete one.TaskRoleArn)],
  [
    'server_deployment_is_taken_back',
    'Service',
    edit('Service', (one) => delete one.DeploymentConfiguration.DeploymentCircuitBreaker),
  ],
  ['bucket_takes_tls_only', 'BalancerLogs', ({ Resources }) => delete Resources.BalancerLogsPolicy],
  [
    'action_is_named',
    'ServerExecutionRole',
    edit('ServerExecutionRole', ({ Policies: [one] }) => {
      one.PolicyDocument.Statement[1].Action = 'ecr:*';
    }),
  ],
];

describe('the guard rules', () => {
  it('are kept by the templates of AWS, for both servings', () => {
    expect(checkTemplate(aws.file)).toEqual([]);
    expect(checkTemplate(servers.file)).toEqual([]);
  });

  it('are kept by those of the local stage, but for the TLS and the logs that its stand-in does not have', async () => {
    const broken = async (params: Record<string, string>) =>
      checkTemplate((await packageStage('local', params)).file)
        .map(({ rule }) => rule)
        .sort();
    expect(await broken({})).toEqual(['bucket_takes_tls_only', 'queue_takes_tls_only']);
    expect(await broken({ serving: 'ecs' })).toEqual([
      'balancer_is_logged',
      'balancer_speaks_tls',
      'bucket_takes_tls_only',
      'queue_takes_tls_only',
    ]);
  });

  /** What the rules find in a template after a mistake was planted. */
  async function found({ template: sound }: Packaged, plant: Mistake[2]) {
    const template = structuredClone(sound);
    plant(template);
    const file = join(await temporaryFolder(), 'template.json');
    await writeFile(file, JSON.stringify(template));
    return checkTemplate(file);
  }

  it.each(MISTAKES)('find what breaks %s in %s (%#)', async (rule, resource, plant) => {
    expect(await found(aws, plant)).toEqual([{ rule, resources: [resource] }]);
  });

  it.each(SERVER_MISTAKES)('find what breaks %s in %s of servers (%#)', async (rule, resource, plant) => {
    expect(await found(servers, plant)).toEqual([{ rule, resources: [resource] }]);
  });

  it('find that no queue at all refuses requests without TLS', async () => {
    const template = structuredClone(aws.template);
    for (const { PolicyDocument } of Object.values(ofType(template, 'AWS::SQS::QueuePolicy'))) {
      PolicyDocument.Statement = PolicyDocument.Statement.filter(
        ({ Sid }: { Sid: string }) => Sid !== 'TlsOnly',
      );
    }
    const file = join(await temporaryFolder(), 'template.json');
    await writeFile(file, JSON.stringify(template));
    expect(checkTemplate(file).map(({ rule }) => rule)).toEqual(['queue_takes_tls_only']);
  });

  it('are each tried with a mistake', () => {
    const folder = resolve(import.meta.dirname, '../../../infra/guard');
    const files = readdirSync(folder).filter((name) => name.endsWith('.guard'));
    const rules = files.flatMap((name) =>
      [...readFileSync(join(folder, name), 'utf8').matchAll(/^rule (\w+)/gm)].map(([, rule]) => rule),
    );
    expect([...new Set([...MISTAKES, ...SERVER_MISTAKES].map(([rule]) => rule))].sort()).toEqual(
      rules.sort(),
    );
  });

  it('say why when there is no template', () => {
    expect(() => checkTemplate('/nowhere/template.json')).toThrow('cfn-guard failed');
  });
});
