/**
 * What of the API's stage osls has no words for: throttles, traces and access logs. It makes the stage by a deployment
 * that has another name each time, and a name cannot be a variable in YAML.
 */
module.exports = async ({ resolveVariable }) => {
  const deployment = `ApiGatewayDeployment${await resolveVariable('sls:instanceId')}`;
  const perSecond = Number(await resolveVariable('param:requestsPerSecond'));
  const traces = (await resolveVariable('param:traces')) === 'Active';
  const logs = (await resolveVariable('param:accessLogs')) === 'aws';
  const field = (name) => `"${name}":"$context.${name}"`;
  const lines = ['requestId', 'requestTime', 'httpMethod', 'resourcePath', 'status', 'responseLength'].map(
    field,
  );
  const format = `{${[...lines, '"ip":"$context.identity.sourceIp"', '"latency":"$context.responseLatency"', '"error":"$context.error.responseType"'].join(',')}}`;
  return {
    extensions: {
      [deployment]: {
        ...(logs && { DependsOn: ['ApiGatewayAccount'] }),
        Properties: {
          StageDescription: {
            MethodSettings: [
              {
                HttpMethod: '*',
                ResourcePath: '/*',
                ThrottlingRateLimit: perSecond,
                ThrottlingBurstLimit: 2 * perSecond,
              },
            ],
            ...(traces && { TracingEnabled: true }),
            ...(logs && {
              AccessLogSetting: {
                DestinationArn: { 'Fn::GetAtt': ['AccessLogGroup', 'Arn'] },
                Format: format,
              },
            }),
          },
        },
      },
    },
  };
};
