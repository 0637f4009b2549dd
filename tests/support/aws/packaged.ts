/** The CloudFormation template that osls makes of serverless.yml, made in a folder of the test. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { temporaryFolder } from '../models.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const REGISTRY = '123456789012.dkr.ecr.us-east-1.amazonaws.com';

/** Parameters that a deployment to AWS must give. */
export const IMAGES = {
  functionsImage: `${REGISTRY}/blockrag-functions@${DIGEST}`,
  precomputeImage: `${REGISTRY}/blockrag-precompute@${DIGEST}`,
};

/** The same for a stage that encodes on GPUs. */
export const GPU_IMAGES = {
  ...IMAGES,
  accelerator: 'Gpu',
  gpuImage: `${REGISTRY}/blockrag-precompute@${DIGEST.replace('01', '10')}`,
};

/** The same for a stage whose API is answered by servers. */
export const SERVERS = {
  ...IMAGES,
  serving: 'ecs',
  serverImage: `${REGISTRY}/blockrag-server@${DIGEST}`,
  domain: 'api.example.com',
  certificate: 'arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555',
};

// biome-ignore lint/suspicious/noExplicitAny: a template is JSON of many shapes, and a test says which it expects
export type Properties = any;

export interface Resource {
  Type: string;
  Properties: Properties;
  DeletionPolicy?: string;
  Condition?: string;
}

export interface Template {
  Resources: Record<string, Resource>;
  Parameters?: Record<string, { Default?: string }>;
}

export interface Packaged {
  file: string;
  template: Template;
}

/** Runs `osls package`. Zips need not be real: only their hash is asked for. */
export async function packageStage(stage: string, params: Record<string, string> = {}): Promise<Packaged> {
  const folder = await temporaryFolder();
  await cp(join(ROOT, 'serverless.yml'), join(folder, 'serverless.yml'));
  for (const name of await readdir(join(ROOT, 'infra'))) {
    if (/\.(yml|cjs)$/.test(name)) await cp(join(ROOT, 'infra', name), join(folder, 'infra', name));
  }
  await mkdir(join(folder, 'artifacts'));
  await writeFile(join(folder, 'artifacts/functions.zip'), 'no zip');
  const options = Object.entries(params).flatMap(([name, value]) => ['--param', `${name}=${value}`]);
  const osls = join(ROOT, 'node_modules/osls/bin/serverless.js');
  execFileSync(process.execPath, [osls, 'package', '--stage', stage, '--region', 'us-east-1', ...options], {
    cwd: folder,
    stdio: 'pipe',
  });
  const file = join(folder, '.serverless/cloudformation-template-update-stack.json');
  // The deployment of the API has another name each time.
  const text = readFileSync(file, 'utf8').replaceAll(/\bApiGatewayDeployment\d+/g, 'ApiGatewayDeployment');
  await writeFile(file, text);
  return { file, template: JSON.parse(text) as Template };
}

/** Logical id -> properties of all resources of a type. */
export function ofType({ Resources }: Template, type: string): Record<string, Properties> {
  const found = Object.entries(Resources).filter(([, resource]) => resource.Type === type);
  return Object.fromEntries(found.map(([id, resource]) => [id, resource.Properties]));
}
