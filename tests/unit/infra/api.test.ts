import { beforeAll, describe, expect, it } from 'vitest';
import { IMAGES, ofType, type Properties, packageStage, type Template } from '../../support/aws/packaged.ts';

const CERTIFICATE = 'arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555';

let aws: Template;
let own: Template;
let local: Template;
beforeAll(async () => {
  aws = (await packageStage('prod', IMAGES)).template;
  local = (await packageStage('local')).template;
  own = (
    await packageStage('prod', {
      ...IMAGES,
      ...{ domain: 'api.example.com', certificate: CERTIFICATE, basePath: 'rag', traces: 'Active' },
      ...{ corsOrigins: 'https://a.example.com,https://b.example.com', tenantBytes: '1000000' },
      ...{ requestsPerMinute: '60', requestsPerSecond: '5', accessLogs: 'none', waf: 'none' },
    })
  ).template;
});

const query = (template: Template) => template.Resources.QueryLambdaFunction!.Properties;
const stageOf = (template: Template) => template.Resources.ApiGatewayDeployment!.Properties.StageDescription;

describe('the API on AWS', () => {
  it('refuses floods and requests without a key before the function', () => {
    const [flood, stranger] = aws.Resources.WebAcl!.Properties.Rules;
    expect(flood.Statement.RateBasedStatement.Limit).toBe(2000);
    expect(flood.Action.Block.CustomResponse.ResponseCode).toBe(429);
    expect(stranger.Action.Block.CustomResponse.ResponseCode).toBe(401);
    const bodies: Properties[] = Object.values(aws.Resources.WebAcl!.Properties.CustomResponseBodies);
    expect(bodies.map(({ Content }) => JSON.parse(Content).code)).toEqual(['rate_limited', 'unauthorized']);
    const association = aws.Resources.WebAclAssociation as unknown as { DependsOn: string[] };
    expect(association.DependsOn).toEqual(['ApiGatewayDeployment']);
  });

  it.each([
    ['/prod/v1/query', true],
    ['/prod/v1/documents/d1', true],
    ['/rag/v1/chat/completions', true],
    ['/prod/mcp', true],
    ['/prod/metrics', true],
    ['/prod/', false],
    ['/prod/console/main.js', false],
    ['/prod/healthz', false],
    ['/prod/openapi.json', false],
  ])('asks for a key at %s: %s', (path, asked) => {
    const [first] = aws.Resources.WebAcl!.Properties.Rules[1].Statement.AndStatement.Statements;
    expect(new RegExp(first.RegexMatchStatement.RegexString).test(path)).toBe(asked);
  });

  it('is throttled as a whole', () => {
    expect(stageOf(aws).MethodSettings).toEqual([
      { HttpMethod: '*', ResourcePath: '/*', ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 },
    ]);
    expect(stageOf(own).MethodSettings[0].ThrottlingRateLimit).toBe(5);
  });

  it('logs each request as JSON, without what was asked', () => {
    const { Format, DestinationArn } = stageOf(aws).AccessLogSetting;
    expect(DestinationArn).toEqual({ 'Fn::GetAtt': ['AccessLogGroup', 'Arn'] });
    const line = JSON.parse(Format);
    expect(Object.keys(line)).toEqual(expect.arrayContaining(['requestId', 'status', 'latency', 'ip']));
    expect(Format).not.toMatch(/header|query|body|authorizer/i);
    expect(stageOf(own).AccessLogSetting).toBeUndefined();
  });

  it('is traced by X-Ray where that is asked for', () => {
    expect(query(aws).TracingConfig).toEqual({ Mode: 'PassThrough' });
    expect(stageOf(aws).TracingEnabled).toBeUndefined();
    expect(query(own).TracingConfig).toEqual({ Mode: 'Active' });
    expect(stageOf(own).TracingEnabled).toBe(true);
    expect(own.Resources.TraceAccess!.Condition).toBe('HasTraces');
  });

  it('names the way of large documents where the function is never asked', () => {
    const { ResponseType, ResponseTemplates } = aws.Resources.TooLargeResponse!.Properties;
    expect(ResponseType).toBe('REQUEST_TOO_LARGE');
    expect(JSON.parse(ResponseTemplates['application/json'])).toMatchObject({
      code: 'request_too_large',
      detail: expect.stringContaining('POST /v1/uploads'),
    });
    const [, , bytes] = [0, 0, Number(query(aws).Environment.Variables.BLOCKRAG_MAX_BODY_BYTES)];
    // Base64, and the rest of the event.
    expect(Math.ceil(bytes / 3) * 4).toBeLessThanOrEqual(6_000_000);
  });

  it('takes limits of tenants and origins of pages as parameters', () => {
    expect(query(own).Environment.Variables).toMatchObject({
      BLOCKRAG_TENANT_BYTES: '1000000',
      BLOCKRAG_REQUESTS_PER_MINUTE: '60',
      BLOCKRAG_CORS_ORIGINS: 'https://a.example.com,https://b.example.com',
    });
    expect(query(aws).Environment.Variables.BLOCKRAG_TENANT_BYTES).toBe('');
  });

  it('has a domain of its own where one is given', () => {
    expect(own.Parameters?.Domain?.Default).toBe('api.example.com');
    for (const id of ['DomainName', 'DomainMapping']) expect(own.Resources[id]!.Condition).toBe('HasDomain');
    expect(query(own).Environment.Variables.BLOCKRAG_BASE_PATH).toBe('rag');
  });

  it('lets its own pages, and those that may call it, put documents into the bucket', () => {
    const [first, others] = aws.Resources.DocumentsBucket!.Properties.CorsConfiguration.CorsRules;
    expect(first.AllowedMethods).toEqual(['PUT']);
    expect(first.AllowedOrigins[0]['Fn::Sub']).toMatch(/^https:\/\/\$\{ApiGatewayRestApi\}\.execute-api\./);
    expect(others['Fn::If'][1].AllowedOrigins).toEqual({ 'Fn::Split': [',', { Ref: 'CorsOrigins' }] });
    expect(JSON.stringify(first)).not.toContain('"*"');
  });

  it('raises an alarm for answers of 500 and more, and tells of jobs that failed', () => {
    const { Namespace, MetricName, Dimensions } = aws.Resources.ServerErrorsAlarm!.Properties;
    expect([Namespace, MetricName]).toEqual(['AWS/ApiGateway', '5XXError']);
    const [api] = Object.values(ofType(aws, 'AWS::ApiGateway::RestApi'));
    expect(Dimensions).toEqual([{ Name: 'ApiName', Value: api.Name }]);
    const { EventPattern, Targets } = aws.Resources.BatchFailedRule!.Properties;
    expect(EventPattern.detail).toEqual({ status: ['FAILED'], jobQueue: [{ Ref: 'BatchQueueCpu' }] });
    expect(Targets[0].Arn).toEqual({ Ref: 'AlarmTopic' });
    const statements = aws.Resources.AlarmTopicPolicy!.Properties.PolicyDocument.Statement;
    expect(statements.map(({ Principal }: Properties) => Principal.Service)).toEqual([
      'cloudwatch.amazonaws.com',
      'events.amazonaws.com',
    ]);
  });

  it('has alarms and a dashboard of the metrics that the functions write', () => {
    const namespace = query(aws).Environment.Variables.BLOCKRAG_METRICS_NAMESPACE;
    expect(namespace).toBe('blockrag/prod');
    const { Namespace, MetricName, Dimensions } = aws.Resources.FirstTokenAlarm!.Properties;
    expect({ Namespace, MetricName, Dimensions }).toEqual({
      Namespace: namespace,
      MetricName: 'FirstTokenMs',
      Dimensions: [{ Name: 'function', Value: 'query' }],
    });
    const body = aws.Resources.Dashboard!.Properties.DashboardBody['Fn::Sub'];
    const { widgets } = JSON.parse(body) as { widgets: { properties: { metrics: unknown[][] } }[] };
    const own = widgets.flatMap(({ properties }) => properties.metrics).filter(([of]) => of === namespace);
    expect(own.map(([, name, ...dimension]) => [name, ...dimension.slice(0, 2)])).toEqual([
      ['FirstTokenMs', 'function', 'query'],
      ['RetrieveMs', 'function', 'query'],
      ['BlobHits', 'function', 'query'],
    ]);
  });

  it('is plain in the stand-in', () => {
    const types = new Set(Object.values(local.Resources).map(({ Type }) => Type));
    expect([...types].filter((type) => /WAF|ApiGateway::Account/.test(type))).toEqual([]);
  });
});
