/** docs/reference/cli.md, from the program in functions/cli/program.ts. */
import { Command, type Option } from 'commander';
import { withCommonOptions } from '../../functions/cli/options.ts';
import { createProgram } from '../../functions/cli/program.ts';
import { variableOf } from '../../shared/config-given.ts';
import { configSchema } from '../../shared/config-schema.ts';
import { settingDefault } from './configuration.ts';
import { code, generatedFrom, table } from './markdown.ts';

const INTRODUCTION = `# Command line

\`npx blockrag COMMAND\` from the package, \`npm run -s blockrag -- COMMAND\` in a clone. Results go to stdout; progress, logs and errors go to stderr. Commands run beside a \`serve\` that owns the data directory, and work through it.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | an error, on one line with its [code](errors.md) |
| 130 | cancelled with Ctrl-C |

## Common options

Most commands take these. [configuration.md](configuration.md) has their ranges and all other settings.
`;

export function cliPage(): string {
  const common = withCommonOptions(new Command()).options;
  const program = createProgram(new AbortController().signal);
  const commands = leavesOf(program);
  return [
    generatedFrom('functions/cli/program.ts'),
    INTRODUCTION,
    optionsTable(common),
    ...commands.map((command) => commandSection(command, common)),
  ].join('\n');
}

/** The commands that do something, without the groups that they are in. */
function leavesOf(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf);
}

function commandSection(command: Command, common: readonly Option[]): string {
  const own = command.options.filter(({ flags }) => !common.some((option) => option.flags === flags));
  const takesCommon = common.every(({ flags }) => command.options.some((option) => option.flags === flags));
  const shared = takesCommon ? [] : command.options.filter((option) => !own.includes(option));
  const rows = [...own, ...shared];
  const takes = takesCommon ? 'Takes the [common options](#common-options)' : undefined;
  const parts = [
    `## ${pathOf(command)}\n`,
    `${sentence(command.description())}\n`,
    `\`\`\`\n${usageOf(command)}\n\`\`\`\n`,
    argumentsTable(command),
    takes === undefined ? '' : `${takes}${rows.length > 0 ? ', and:' : '.'}\n`,
    rows.length > 0 ? optionsTable(rows) : '',
    examplesOf(command),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

const usageOf = (command: Command) => `${pathOf(command)} ${command.usage()}`;

function argumentsTable({ registeredArguments }: Command): string {
  const described = registeredArguments.filter(({ description }) => description !== '');
  if (described.length === 0) return '';
  return table(
    ['argument', 'meaning'],
    described.map((argument) => [code(argument.name()), sentence(argument.description)]),
  );
}

function optionsTable(options: readonly Option[]): string {
  return table(
    ['option', 'variable', 'default', 'meaning'],
    options.map((option) => {
      const { description, unset } = withoutDefault(option.description);
      const name = option.attributeName();
      const isSetting = name in configSchema.shape;
      const values =
        option.argChoices === undefined ? '' : ` One of ${option.argChoices.map(code).join(', ')}.`;
      return [
        code(option.flags),
        isSetting ? code(variableOf(name)) : '',
        isSetting && !option.negate ? settingDefault(name) : defaultOf(option, unset),
        `${sentence(description)}${values}${option.mandatory ? ' Required.' : ''}`,
      ];
    }),
  );
}

function defaultOf({ defaultValue }: Option, unset: string): string {
  if (typeof defaultValue === 'boolean') return '';
  return defaultValue === undefined ? unset : code(String(defaultValue));
}

/** Options without a default of their own name the one that holds in their description, for the help. */
function withoutDefault(text: string): { description: string; unset: string } {
  const match = /^(.*?) \(default: (.*)\)$/.exec(text);
  return { description: match?.[1] ?? text, unset: match === null ? '' : code(match[2] ?? '') };
}

/** What the help prints under "Example". */
function examplesOf(command: Command): string {
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  const [, examples = ''] = help.split(/^Examples?:\n/m);
  return examples === '' ? '' : `\`\`\`bash\n${examples.replace(/^ {2}/gm, '').trimEnd()}\n\`\`\`\n`;
}

/** A description of the help as a sentence; one that begins with a file or a value keeps its first letter. */
function sentence(text: string): string {
  const isWord = /^[a-z]+[ ;,]/.test(text);
  return `${isWord ? text.charAt(0).toUpperCase() : text.charAt(0)}${text.slice(1)}.`;
}
