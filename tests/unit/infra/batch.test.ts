import { beforeAll, describe, expect, it } from 'vitest';
import { IMAGES, ofType, packageStage, type Template } from '../../support/aws/packaged.ts';

let aws: Template;
beforeAll(async () => {
  aws = (await packageStage('prod', IMAGES)).template;
});

const job = (id: string) => aws.Resources[id]!.Properties;
const environment = (id: string): Record<string, unknown> =>
  Object.fromEntries(
    job(id).ContainerProperties.Environment.map(({ Name, Value }: { Name: string; Value: unknown }) => [
      Name,
      Value,
    ]),
  );

describe('Batch', () => {
  it('runs the worker, on a GPU and without', () => {
    for (const id of ['BatchJobGpu', 'BatchJobCpu']) {
      expect(job(id).ContainerProperties.Command).toEqual(['node', 'main.mjs']);
      expect(job(id).ContainerProperties.Image).toBe(IMAGES.precomputeImage);
    }
    expect(environment('BatchJobGpu').BLOCKRAG_PROVIDER).toBe('cuda');
    expect(environment('BatchJobCpu').BLOCKRAG_PROVIDER).toBe('cpu');
    const types = (id: string) =>
      job(id).ContainerProperties.ResourceRequirements.map(({ Type }: { Type: string }) => Type);
    expect(types('BatchJobGpu')).toContain('GPU');
    expect(types('BatchJobCpu')).not.toContain('GPU');
  });

  it('gives the worker the settings of the function precompute', () => {
    const { Variables } = aws.Resources.PrecomputeLambdaFunction!.Properties.Environment;
    for (const id of ['BatchJobGpu', 'BatchJobCpu']) {
      const { BLOCKRAG_PROVIDER: _, ...shared } = environment(id);
      for (const [name, value] of Object.entries(shared)) {
        // A template may have either; the environment has text.
        expect(typeof value === 'number' ? String(value) : value, name).toEqual(Variables[name]);
      }
      const alone = Object.keys(Variables).filter((name) => !(name in shared));
      // A worker hands nothing over to Batch: it is there.
      expect(alone.every((name) => name.startsWith('BLOCKRAG_BATCH_'))).toBe(true);
    }
  });

  it('gives the worker the rights of the function precompute', () => {
    const [encode] = aws.Resources.BatchJobRole!.Properties.Policies;
    expect(encode).toEqual(aws.Resources.PrecomputeRole!.Properties.Policies[0]);
  });

  it('tries again when the host goes or the worker asks for it, and not otherwise', () => {
    expect(job('BatchJobGpu').RetryStrategy).toEqual({
      Attempts: 10,
      EvaluateOnExit: [
        { Action: 'RETRY', OnStatusReason: 'Host EC2*' },
        { Action: 'RETRY', OnExitCode: '75' },
        { Action: 'EXIT', OnReason: '*' },
      ],
    });
  });

  it('hands work that finds no GPU to the CPU queue', () => {
    const { JobStateTimeLimitActions } = aws.Resources.BatchQueueGpu!.Properties;
    expect(JobStateTimeLimitActions).toHaveLength(3);
    for (const action of JobStateTimeLimitActions) {
      expect(action).toMatchObject({ State: 'RUNNABLE', Action: 'CANCEL', MaxTimeSeconds: 600 });
    }
    const { EventPattern, Targets } = aws.Resources.GpuFailedRule!.Properties;
    expect(EventPattern.detail).toEqual({ status: ['FAILED'], jobQueue: [{ Ref: 'BatchQueueGpu' }] });
    expect(Targets[0]).toMatchObject({
      Arn: { Ref: 'BatchQueueCpu' },
      BatchParameters: { JobDefinition: { Ref: 'BatchJobCpu' } },
    });
  });

  it('keeps no instance while there is no work', () => {
    const environments = Object.values(ofType(aws, 'AWS::Batch::ComputeEnvironment'));
    expect(environments).toHaveLength(2);
    for (const { ComputeResources } of environments) {
      expect(ComputeResources).toMatchObject({ Type: 'SPOT', MinvCpus: 0 });
      expect(ComputeResources.LaunchTemplate.Version).toEqual({
        'Fn::GetAtt': ['HostTemplate', 'LatestVersionNumber'],
      });
    }
  });

  it('is not there in the local stage', async () => {
    const { template } = await packageStage('local');
    const types = Object.values(template.Resources).map(({ Type }) => Type);
    expect(types.filter((type) => /^AWS::(Batch|EC2)/.test(type))).toEqual([]);
    expect(template.Parameters?.BatchQueueGpu?.Default).toBe('');
  });

  it('sends work to the CPU queue in an account without GPUs', async () => {
    const { template } = await packageStage('prod', { ...IMAGES, accelerator: 'Cpu' });
    const { Variables } = template.Resources.IngestLambdaFunction!.Properties.Environment;
    expect(Variables.BLOCKRAG_BATCH_QUEUE).toEqual({ Ref: 'BatchQueueCpu' });
    expect(Variables.BLOCKRAG_BATCH_JOB).toEqual({ Ref: 'BatchJobCpu' });
  });
});
