/**
 * Which settings are given: an option, else the environment variable. It loads no schema (config-schema.ts): what needs
 * a setting or two before all others are read starts here.
 */

/** Variables that other programs read too. */
const SHARED_VARIABLES: Record<string, string> = {
  huggingFaceEndpoint: 'HF_ENDPOINT',
  huggingFaceToken: 'HF_TOKEN',
};

/** The data directory where none is named. */
export const DEFAULT_DATA = '.blockrag';

/** An environment's variables, as process.env. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment variable of a setting: BLOCKRAG_DATA, BLOCKRAG_PASSAGE_TOKENS, ... */
export const variableOf = (setting: string) =>
  SHARED_VARIABLES[setting] ??
  `BLOCKRAG_${setting.replace(/[A-Z]/g, (capital) => `_${capital}`).toUpperCase()}`;

/** Those of the settings that are given, as they are given; an empty text gives nothing. */
export function givenSettings(
  settings: readonly string[],
  options: Readonly<Record<string, unknown>>,
  environment: Environment,
): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const setting of settings) {
    const value = options[setting] ?? environment[variableOf(setting)];
    if (value !== undefined && value !== '') given[setting] = value;
  }
  return given;
}
