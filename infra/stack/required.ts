/** What a deployment cannot do without, and what to do about it. */
import type { StackOptions } from './osls.ts';

/** The stage that is deployed to a stand-in for AWS (ministack), from zips. */
export const LOCAL = 'local';

const BY_DIGEST = /^[\w.-]+\.dkr\.ecr\.[\w-]+\.amazonaws\.com(\.cn)?\/[\w./-]+@sha256:[0-9a-f]{64}$/;

/** Whether functions are deployed as zips, which are made before. */
export function usesZips({ stage, params }: StackOptions): boolean {
  return (params.pack ?? (stage === LOCAL ? 'zip' : 'image')) === 'zip';
}

/** Whether servers behind a load balancer answer, in the place of a function. */
export function usesServers({ params }: StackOptions): boolean {
  return params.serving === 'ecs';
}

/** Why the API cannot be reached by TLS, which keys must not travel without; undefined: it can. */
export function missingCertificate(options: StackOptions): string | undefined {
  const { stage, params } = options;
  if (!usesServers(options) || stage === LOCAL || (params.domain && params.certificate)) return undefined;
  return 'serving=ecs needs a domain of your own and its certificate in the same region, since a load balancer has none: --param domain=NAME --param certificate=ARN';
}

/** How to make the images that are not given by digest; undefined: nothing is missing. */
export function missingImages(options: StackOptions): string | undefined {
  const { stage, params } = options;
  const batch = params.batch ?? (stage === LOCAL ? 'none' : 'aws');
  const x86 = { name: 'precompute', platform: 'linux/amd64' };
  const arm = 'linux/arm64';
  const needed = [
    ...(usesZips(options) ? [] : [{ param: 'functionsImage', name: 'functions', platform: arm }]),
    ...(usesServers(options) && stage !== LOCAL
      ? [{ param: 'serverImage', name: 'server', platform: arm }]
      : []),
    ...(batch === 'none' ? [] : [{ param: 'precomputeImage', ...x86 }]),
    ...(batch === 'none' || params.accelerator !== 'Gpu' ? [] : [{ param: 'gpuImage', ...x86 }]),
  ];
  const missing = needed.filter(({ param }) => !BY_DIGEST.test(params[param] ?? ''));
  if (missing.length === 0) return undefined;
  const lines = missing.map(({ param, name, platform }) => {
    const tag = `$REGISTRY/blockrag-${name}`;
    const file = `infra/docker/${param === 'gpuImage' ? 'gpu' : name}.Dockerfile`;
    return `  docker build -f ${file} --platform ${platform} --push -t ${tag} .\n  and --param ${param}=${tag}@sha256:DIGEST`;
  });
  return [
    `an image is missing, or is not named by its digest: ${missing.map(({ param }) => param).join(', ')}`,
    'REGISTRY=ACCOUNT.dkr.ecr.REGION.amazonaws.com (docs/guide/deploy.md)',
    ...lines,
  ].join('\n');
}

/** The stage `local` must not land in an account of AWS. */
export function standInMissing({ stage }: StackOptions, environment: NodeJS.ProcessEnv): string | undefined {
  if (stage !== LOCAL || environment.AWS_ENDPOINT_URL) return undefined;
  return 'stage local needs a stand-in for AWS: run "npm run services -- start" and export what it prints';
}
