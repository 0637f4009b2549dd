import { beforeAll, describe, expect, it } from 'vitest';
import { GPU_IMAGES, IMAGES, ofType, packageStage, type Template } from '../../support/aws/packaged.ts';

let aws: Template;
let cpuOnly: Template;
beforeAll(async () => {
  aws = (await packageStage('prod', GPU_IMAGES)).template;
  cpuOnly = (await packageStage('prod', IMAGES)).template;
});

const JOBS = ['BatchJobGpu', 'BatchJobCpu'];

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
    for (const id of JOBS) expect(job(id).ContainerProperties.Command).toEqual(['node', 'main.mjs']);
    expect(environment('BatchJobGpu').BLOCKRAG_PROVIDER).toBe('cuda');
    expect(environment('BatchJobCpu').BLOCKRAG_PROVIDER).toBe('cpu');
    const types = (id: string) =>
      job(id).ContainerProperties.ResourceRequirements.map(({ Type }: { Type: string }) => Type);
    expect(types('BatchJobGpu')).toContain('GPU');
    expect(types('BatchJobCpu')).not.toContain('GPU');
  });

  it('gives each kind of host an image and a compute type of its own', () => {
    expect(job('BatchJobCpu').ContainerProperties.Image).toBe(IMAGES.precomputeImage);
    expect(job('BatchJobGpu').ContainerProperties.Image).toBe(GPU_IMAGES.gpuImage);
    expect(environment('BatchJobCpu').BLOCKRAG_COMPUTE).toBe('w8a8');
    expect(environment('BatchJobGpu').BLOCKRAG_COMPUTE).toBe('fp16');
  });

  it('tells the worker the region, and as many threads as it has vCPUs', () => {
    for (const id of JOBS) {
      expect(environment(id).AWS_REGION).toEqual({ Ref: 'AWS::Region' });
      const [vcpu] = job(id).ContainerProperties.ResourceRequirements.filter(
        ({ Type }: { Type: string }) => Type === 'VCPU',
      );
      expect(environment(id).BLOCKRAG_THREADS).toBe(vcpu.Value);
    }
  });

  it('has the worker ask for another try ten minutes before the timeout ends its job for good', () => {
    for (const id of JOBS) {
      const seconds = Number(environment(id).BLOCKRAG_JOB_SECONDS);
      expect(job(id).Timeout.AttemptDurationSeconds - seconds).toBe(600);
    }
  });

  it('gives the worker the settings of the function precompute', () => {
    const { Variables } = aws.Resources.PrecomputeLambdaFunction!.Properties.Environment;
    // Of a host, which differ.
    const own = ['BLOCKRAG_PROVIDER', 'BLOCKRAG_COMPUTE', 'BLOCKRAG_THREADS', 'BLOCKRAG_JOB_SECONDS'];
    for (const id of JOBS) {
      const shared = environment(id);
      for (const [name, value] of Object.entries(shared)) {
        if (own.includes(name) || name.startsWith('AWS_')) continue;
        // A template may have either; the environment has text.
        expect(typeof value === 'number' ? String(value) : value, name).toEqual(Variables[name]);
      }
      const alone = Object.keys(Variables).filter((name) => !(name in shared));
      // A worker hands nothing over to Batch: it is there.
      expect(alone.filter((name) => !name.startsWith('BLOCKRAG_BATCH_'))).toEqual([]);
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

  it('goes to the CPU queue, and makes nothing for GPUs, unless it is asked for', () => {
    expect(cpuOnly.Parameters?.Accelerator?.Default).toBe('Cpu');
    expect(aws.Parameters?.Accelerator?.Default).toBe('Gpu');
    const queue = { 'Fn::If': ['HasGpu', { Ref: 'BatchQueueGpu' }, { Ref: 'BatchQueueCpu' }] };
    const definition = { 'Fn::If': ['HasGpu', { Ref: 'BatchJobGpu' }, { Ref: 'BatchJobCpu' }] };
    const { Variables } = cpuOnly.Resources.IngestLambdaFunction!.Properties.Environment;
    expect(Variables.BLOCKRAG_BATCH_QUEUE).toEqual(queue);
    expect(Variables.BLOCKRAG_BATCH_JOB).toEqual(definition);
    const [{ Resource }] = cpuOnly.Resources.SubmitJobs!.Properties.PolicyDocument.Statement;
    expect(Resource).toEqual([queue, definition]);
    const conditional = Object.entries(cpuOnly.Resources).filter(([, one]) => one.Condition === 'HasGpu');
    expect(conditional.map(([id]) => id).sort()).toEqual([
      ...['BatchJobGpu', 'BatchQueueGpu', 'GpuFailedRole', 'GpuFailedRule', 'GpuHosts'],
    ]);
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
    const { Variables } = template.Resources.IngestLambdaFunction!.Properties.Environment;
    expect(Variables.BLOCKRAG_BATCH_QUEUE).toBe('');
  });
});
