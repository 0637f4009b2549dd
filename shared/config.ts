/**
 * The one place where options become settings: an option that is given, else the environment variable, else the
 * default. Entry points pass process.env; nothing else reads it. The settings themselves are in config-schema.ts.
 */
import { join, resolve } from 'node:path';
import type { z } from 'zod';
import type { Limits } from './access/limits.ts';
import { type Environment, givenSettings } from './config-given.ts';
import { cloudSchema, configSchema } from './config-schema.ts';
import type { OcrOptions } from './documents/types.ts';
import { BlockragError } from './errors.ts';
import { cacheDirectory } from './model/cache.ts';
import type { FetchSettings } from './model/sources/index.ts';

export type Config = z.infer<typeof configSchema>;
export type ConfigOverrides = { [K in keyof Config]?: z.input<typeof configSchema>[K] | string | undefined };

/** Settings from options given, else the environment, else defaults. @throws BlockragError `invalid_option` */
export function loadConfig(options: ConfigOverrides, environment: Environment): Config {
  const parsed = parse(configSchema, options, environment);
  return { ...parsed, data: resolve(parsed.data) };
}

/** What of the settings says how models are fetched. */
export function fetchSettings(config: Config): FetchSettings {
  const { cache, python, huggingFaceEndpoint: endpoint, huggingFaceToken: token } = config;
  return { cache, python, huggingFace: { endpoint, token } };
}

/** How the text of pages that are pictures is recognised; undefined where that is not wanted. */
export function ocrOptions({ ocr, ocrLanguages, cache }: Config): OcrOptions | undefined {
  if (!ocr) return undefined;
  return { languages: ocrLanguages.split('+'), directory: join(cacheDirectory(cache), 'tessdata') };
}

/** The limits of tenants that have none of their own. */
export function defaultLimits(config: Config): Limits {
  const { tenantDocuments, tenantPassages, tenantBytes, tenantTokensPerDay, requestsPerMinute } = config;
  return {
    ...{ documents: tenantDocuments, passages: tenantPassages, bytes: tenantBytes },
    ...{ tokensPerDay: tenantTokensPerDay, requestsPerMinute },
  };
}

export type CloudConfig = z.infer<typeof cloudSchema>;

/** What the functions on AWS are told by their environment. @throws BlockragError `invalid_option` */
export function loadCloudConfig(environment: Environment): CloudConfig {
  return parse(cloudSchema, {}, environment);
}

function parse<T extends z.ZodObject>(
  schema: T,
  options: Record<string, unknown>,
  environment: Environment,
): z.output<T> {
  const parsed = schema.safeParse(givenSettings(Object.keys(schema.shape), options, environment));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new BlockragError(
    'invalid_option',
    `The option ${issue?.path.join('.')} is wrong: ${issue?.message}.`,
  );
}
