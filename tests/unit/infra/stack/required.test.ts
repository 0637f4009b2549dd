import { describe, expect, it } from 'vitest';
import { parseStackOptions } from '../../../../infra/stack/osls.ts';
import {
  missingCertificate,
  missingImages,
  standInMissing,
  usesZips,
} from '../../../../infra/stack/required.ts';
import { GPU_IMAGES, IMAGES, SERVERS } from '../../../support/aws/packaged.ts';

const images = Object.entries(IMAGES).flatMap(([name, value]) => ['--param', `${name}=${value}`]);

describe('what a deployment needs', () => {
  it('is both images by digest in AWS', () => {
    expect(missingImages(parseStackOptions(['--stage', 'prod', ...images]))).toBeUndefined();
    const both = missingImages(parseStackOptions(['--stage', 'prod'])) ?? '';
    expect(both).toContain('functionsImage, precomputeImage');
    expect(both).toContain('docker build -f infra/docker/functions.Dockerfile');
    expect(both).toContain('docker build -f infra/docker/precompute.Dockerfile');
  });

  it('is no tag, which may become another image', () => {
    const tagged = IMAGES.functionsImage.replace(/@.*/, ':latest');
    const options = parseStackOptions(['--stage', 'prod', ...images, '--param', `functionsImage=${tagged}`]);
    expect(missingImages(options)).toContain('by its digest: functionsImage\n');
  });

  it('is an image of its own for GPUs, where they are asked for', () => {
    const gpu = ['--stage', 'prod', ...images, '--param', 'accelerator=Gpu'];
    expect(missingImages(parseStackOptions(gpu))).toContain(
      'docker build -f infra/docker/gpu.Dockerfile --platform linux/amd64 --push -t $REGISTRY/blockrag-precompute .',
    );
    const given = [...gpu, '--param', `gpuImage=${GPU_IMAGES.gpuImage}`];
    expect(missingImages(parseStackOptions(given))).toBeUndefined();
  });

  it('is no image of Batch where there is no Batch', () => {
    const options = parseStackOptions(['--stage', 'prod', '--param', 'batch=none', ...images.slice(0, 2)]);
    expect(missingImages(options)).toBeUndefined();
  });

  it('is an image, a domain and its certificate for servers', () => {
    const stage = (given: Record<string, string>) =>
      parseStackOptions([
        ...['--stage', 'prod'],
        ...Object.entries(given).flatMap(([name, value]) => ['--param', `${name}=${value}`]),
      ]);
    expect(missingImages(stage(SERVERS))).toBeUndefined();
    expect(missingCertificate(stage(SERVERS))).toBeUndefined();
    expect(missingCertificate(stage(IMAGES))).toBeUndefined();
    expect(missingImages(stage({ ...SERVERS, serverImage: '' }))).toContain(
      'docker build -f infra/docker/server.Dockerfile --platform linux/arm64',
    );
    expect(missingCertificate(stage({ ...SERVERS, certificate: '' }))).toContain('--param certificate=ARN');
    const local = parseStackOptions(['--stage', 'local', '--param', 'serving=ecs']);
    expect([missingImages(local), missingCertificate(local)]).toEqual([undefined, undefined]);
  });

  it('is a zip and a stand-in for AWS in the stage local, which must not land in AWS', () => {
    const local = parseStackOptions(['--stage', 'local']);
    expect(usesZips(local)).toBe(true);
    expect(missingImages(local)).toBeUndefined();
    expect(standInMissing(local, {})).toContain('npm run services');
    expect(standInMissing(local, { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' })).toBeUndefined();
    expect(standInMissing(parseStackOptions(['--stage', 'prod']), {})).toBeUndefined();
  });

  it('is a stage by name, and parameters as NAME=VALUE', () => {
    expect(() => parseStackOptions([])).toThrow('--stage');
    expect(() => parseStackOptions(['--stage', 'dev', '--param', 'logDays'])).toThrow('NAME=VALUE');
    expect(parseStackOptions(['--stage', 'dev', '--param', 'a=b=c']).params).toEqual({ a: 'b=c' });
  });
});
