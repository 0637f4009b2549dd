/** The job definition of Batch as it is deployed, with the names of this machine in the place of AWS's. */
import type { JobDefinition } from '../local-jobs.ts';
import type { Cloud } from './cloud.ts';
import { IMAGES, ofType, packageStage } from './packaged.ts';

/** The definition of the CPU queue in the packaged template of a stage in AWS. */
export async function cpuJob({ environment }: Cloud): Promise<JobDefinition> {
  const { template } = await packageStage('dev', {
    ...IMAGES,
    cache: environment.BLOCKRAG_CACHE!,
    adapter: environment.BLOCKRAG_ADAPTER!,
    passageTokens: environment.BLOCKRAG_PASSAGE_TOKENS!,
  });
  const definition = ofType(template, 'AWS::Batch::JobDefinition').BatchJobCpu as Packaged;
  const { Environment } = definition.ContainerProperties;
  return {
    ...definition,
    ContainerProperties: {
      Command: definition.ContainerProperties.Command,
      // What CloudFormation fills in is what this machine's functions are told.
      Environment: Environment.map(({ Name, Value }) => ({
        Name,
        Value: typeof Value === 'string' ? Value : environment[Name]!,
      })),
    },
  };
}

type Packaged = JobDefinition & {
  ContainerProperties: { Environment: { Name: string; Value: string | object }[] };
};
