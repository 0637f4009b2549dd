/** docs/reference/configuration.md, from the schemas in shared/config-schema.ts. */
import { z } from 'zod';
import { createProgram } from '../../functions/cli/program.ts';
import { variableOf } from '../../shared/config-given.ts';
import { cloudSchema, configSchema } from '../../shared/config-schema.ts';
import { code, generatedFrom, table } from './markdown.ts';

/** Variables that an entry point reads itself, beside the settings. */
export const OTHER_VARIABLES: Record<string, string> = {
  BLOCKRAG_API_KEY: 'The API key that commands send to the server that owns the data directory.',
  BLOCKRAG_DEBUG: 'Set to anything, the command line also prints the stack of an error.',
  BLOCKRAG_TRANSFER:
    '`BUFFERED` on the Lambda function: answers come whole, for a gateway that cannot stream.',
  BLOCKRAG_IDLE_MS:
    'Milliseconds that a Batch worker waits for work before it ends; 30000 more than a lease by default.',
  AWS_ENDPOINT_URL_S3: 'The endpoint of S3, for LanceDB too; otherwise `AWS_ENDPOINT_URL`, otherwise AWS.',
  AWS_ENDPOINT_URL: 'The endpoint of all AWS services, for servers that stand in for them.',
};

interface Property {
  description?: string;
  /** What holds where the setting has no default and is not given. */
  unset?: string;
  default?: string | number;
  enum?: string[];
  minimum?: number;
  maximum?: number;
}

const INTRODUCTION = `# Configuration

Every setting has an environment variable, and a name under which \`openBlockrag\` takes it; some have an option on the command line. On the command line an option counts first, then the variable, then the default; an empty variable counts as not set. The library reads no variables, and its \`stores\` are opened stores (\`openAwsStores\`, or drivers of your own). The data directory remembers its model, adapter, data type and passage size: opened with others, it answers \`reencode_required\`, unless \`otherSettings\` says what is to happen.

The options of each command are in [cli.md](cli.md).
`;

export function configurationPage(): string {
  const options = optionsOfSettings();
  const settings = propertiesOf(configSchema).map(([name, property]) => [
    code(variableOf(name)),
    code(name),
    (options.get(name) ?? []).map(code).join(', '),
    defaultOf(name, property),
    rangeOf(name, property),
    property.description ?? '',
  ]);
  const cloud = propertiesOf(cloudSchema).map(([name, property]) => [
    code(variableOf(name)),
    defaultOf(name, property, 'required'),
    property.description ?? '',
  ]);
  const others = Object.entries(OTHER_VARIABLES).map(([name, meaning]) => [code(name), meaning]);
  return [
    generatedFrom('shared/config-schema.ts'),
    INTRODUCTION,
    '## Settings\n',
    table(['variable', 'library', 'option', 'default', 'range', 'meaning'], settings),
    '## Functions on AWS\n\nThe template sets these for the functions (infra/functions.yml).\n',
    table(['variable', 'default', 'meaning'], cloud),
    '## Other variables\n\nRegions and credentials are found as the AWS SDK finds them.\n',
    table(['variable', 'meaning'], others),
  ].join('\n');
}

/** What holds where a setting is not given. */
export function settingDefault(name: string): string {
  const [, property = {}] = propertiesOf(configSchema).find(([setting]) => setting === name) ?? [];
  return defaultOf(name, property);
}

function propertiesOf(schema: z.ZodObject): [string, Property][] {
  return Object.entries(z.toJSONSchema(schema, { io: 'input' }).properties ?? {}) as [string, Property][];
}

/** The options of `blockrag serve` that are settings: those that every command takes. */
function optionsOfSettings(): Map<string, string[]> {
  const options = new Map<string, string[]>();
  const serve = createProgram(new AbortController().signal).commands.find(
    (command) => command.name() === 'serve',
  );
  for (const option of serve?.options ?? []) {
    const name = option.attributeName();
    if (name in configSchema.shape) options.set(name, [...(options.get(name) ?? []), option.long ?? '']);
  }
  return options;
}

function defaultOf(name: string, { default: value, unset }: Property, none = ''): string {
  if (unset !== undefined) return unset;
  return value === undefined ? none : quantity(name, value);
}

function rangeOf(name: string, { enum: values, minimum, maximum }: Property): string {
  if (values !== undefined) return values.map(code).join(', ');
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (minimum === undefined) return '';
  const least = quantity(name, minimum);
  return most === undefined ? `from ${least}` : `${least} to ${quantity(name, most)}`;
}

const MiB = 1024 * 1024;

/** A value as it is written, and in MiB where it is a number of bytes. */
function quantity(name: string, value: string | number): string {
  const mebibytes = Number(value) / MiB;
  const readable = name.endsWith('Bytes') && mebibytes >= 1 ? ` (${mebibytes} MiB)` : '';
  return `${code(String(value))}${readable}`;
}
