/** The commands about who may use the API, and how much. */
import type { Command } from 'commander';
import type { AccessTableOptions } from './access-table.ts';
import type { AddKeyOptions, KeyOptions, ListKeysOptions } from './commands/keys.ts';
import type { SetLimitsOptions } from './commands/limits.ts';
import type { CommonOptions } from './options.ts';
import type { Run } from './run.ts';

export function addAccessCommands(program: Command, run: Run): void {
  addKeyCommands(program, run);
  addLimitCommands(program, run);
  addTenantCommands(program, run);
}

/** Where the stores are. */
const withStoreOptions = (command: Command) =>
  command
    .option('--data <dir>', 'data directory (default: ./.blockrag, or $BLOCKRAG_DATA)')
    .option('--stores <url>', 'stores that several servers share: s3://BUCKET?table=TABLE');

/** Where the table is. */
const withTableOptions = (command: Command) =>
  withStoreOptions(command)
    .option('--table <name>', 'the table of a stage on AWS, instead of a data directory')
    .option('--json', 'print JSON');

function addKeyCommands(program: Command, run: Run): void {
  const keys = program.command('keys').description('make, list and revoke API keys');
  withTableOptions(keys.command('add'))
    .description('make a key; it is shown this once. From the first key on, the server asks for one')
    .requiredOption('--name <name>', 'what to call it')
    .option('--tenant <tenant>', 'whose documents it opens (default: default)')
    .option('--scope <scopes>', 'read, write, admin, separated by commas', 'read,write')
    .option('--create-stores', 'with --stores: make the bucket and the table where they are missing')
    .addHelpText('after', '\nExample:\n  blockrag keys add --tenant acme --name laptop --scope read,write')
    .action(run<[AddKeyOptions]>(async () => (await import('./commands/keys.ts')).addKey));
  withTableOptions(keys.command('list'))
    .description('list keys, revoked ones too')
    .option('--tenant <tenant>', 'only those of one tenant')
    .addHelpText('after', '\nExample:\n  blockrag keys list --tenant acme')
    .action(run<[ListKeysOptions]>(async () => (await import('./commands/keys.ts')).listKeys));
  withTableOptions(keys.command('revoke'))
    .description('refuse a key from now on')
    .argument('<id>', 'as "blockrag keys list" shows it')
    .addHelpText('after', '\nExample:\n  blockrag keys revoke key_3f9a1c0b5d2e')
    .action(run<[string, KeyOptions]>(async () => (await import('./commands/keys.ts')).revokeKey));
}

function addLimitCommands(program: Command, run: Run): void {
  const limits = program.command('limits').description('show and set what a tenant may use');
  withTableOptions(limits.command('show'))
    .description('show the limits of a tenant, and what it uses')
    .argument('<tenant>')
    .addHelpText('after', '\nExample:\n  blockrag limits show acme')
    .action(run<[string, AccessTableOptions]>(async () => (await import('./commands/limits.ts')).showLimits));
  withTableOptions(limits.command('set'))
    .description('set limits of a tenant: a number, none, or default; what is not named stays')
    .argument('<tenant>')
    .option('--documents <n>', 'documents stored')
    .option('--passages <n>', 'passages stored')
    .option('--bytes <n>', 'bytes of the documents stored')
    .option('--tokens-per-day <n>', 'tokens of prompts and answers in a day of UTC')
    .option('--requests-per-minute <n>', 'requests to the API')
    .addHelpText('after', '\nExample:\n  blockrag limits set acme --documents 1000 --requests-per-minute 60')
    .action(run<[string, SetLimitsOptions]>(async () => (await import('./commands/limits.ts')).setLimits));
}

function addTenantCommands(program: Command, run: Run): void {
  const tenants = program.command('tenants').description('export and erase all that a tenant has');
  const ofTenant = (command: Command) =>
    withStoreOptions(command.argument('<tenant>')).option('--json', 'print JSON');
  ofTenant(tenants.command('export'))
    .description(
      "write a tenant's documents into a folder: the originals, and a list of them with their metadata",
    )
    .argument('<directory>', 'a new or empty directory')
    .addHelpText('after', '\nExample:\n  blockrag tenants export acme /exports/acme')
    .action(
      run<[string, string, CommonOptions]>(
        async () => (await import('./commands/tenants.ts')).exportTenantCommand,
      ),
    );
  ofTenant(tenants.command('erase'))
    .description('remove all documents of a tenant, its limits and counts, and revoke its keys')
    .option('--yes', 'it cannot be undone')
    .addHelpText('after', '\nExample:\n  blockrag tenants erase acme --yes')
    .action(
      run<[string, CommonOptions & { yes?: boolean }]>(
        async () => (await import('./commands/tenants.ts')).eraseTenantCommand,
      ),
    );
}
