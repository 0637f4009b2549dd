/**
 * The commands with their options and help; what a command does is in commands/. Building the program loads no model,
 * store or server: a command's module is loaded when the command runs.
 */
import { Command, Option } from 'commander';
import { OTHER_SETTINGS } from '../../shared/other-settings.ts';
import { DEFAULT_MAX_TOKENS, DEFAULT_TOP_K } from '../../shared/pipeline/defaults.ts';
import { VERSION } from '../../shared/version.ts';
import { addAccessCommands } from './access-commands.ts';
import { attentionOption, wholeNumber, withCommonOptions } from './options.ts';
import type { Action, Run } from './run.ts';
import { printError } from './terminal.ts';

const runUntil =
  (signal: AbortSignal): Run =>
  <A extends unknown[]>(load: () => Promise<Action<A>>) =>
  async (...given) => {
    const command = given.at(-1) as Command;
    const args = given.slice(0, -1) as A;
    try {
      const action = await load();
      process.exitCode = await action(...args, signal);
    } catch (error) {
      process.exitCode = printError(error, command.opts().json === true);
    }
  };

/** The whole command line, ready to parse arguments. @param signal ends the command that is running */
export function createProgram(signal: AbortSignal): Command {
  const program = new Command('blockrag');
  const run = runUntil(signal);
  describeProgram(program);
  addMainCommands(program, run);
  addAgentCommands(program, run);
  addDocumentCommands(program, run);
  addBackupCommands(program, run);
  addModelCommands(program, run);
  addAccessCommands(program, run);
  addToolCommands(program, run);
  return program;
}

function describeProgram(program: Command): void {
  program
    .version(VERSION, '--version', 'print the version')
    .description(
      'RAG whose documents are read once: stored attention keys and values, reused in every prompt.',
    )
    .addHelpText(
      'after',
      `
Examples:
  blockrag add handbook.pdf docs/          read documents, once
  blockrag ask "Who founded the station?"  answer from them
  blockrag serve                           REST API on http://127.0.0.1:8080
  blockrag demo                            see it work on the sample documents`,
    );
}

function addMainCommands(program: Command, run: Run): void {
  withCommonOptions(program.command('serve'))
    .description('serve the REST API, and encode uploads in the background')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <n>', 'port to listen on; 0: any free one', wholeNumber(0), 8080)
    .option('--create-stores', 'with --stores: make the bucket and the table where they are missing')
    .option('--require-keys', 'ask for an API key on loopback, too, and before there is one')
    .addOption(
      new Option(
        '--other-settings <what>',
        'other settings than the documents were made with: refuse, answer with them, or encode again meanwhile, too',
      ).choices(OTHER_SETTINGS),
    )
    .option('--adopt-catalog', 'go on with a catalog that is new or older than the stored documents')
    .addHelpText('after', '\nExample:\n  blockrag serve --port 9000 --data ./station')
    .action(run(async () => (await import('./commands/serve.ts')).serve));

  withCommonOptions(program.command('add'))
    .description('add files and folders; waits until they are ready')
    .argument('<paths...>', 'files (PDF, Office formats, HTML, e-mail, any text), or folders of them')
    .option('--collection <name>', 'collection to add to')
    .option('--no-wait', 'return when the documents are stored, before they are encoded')
    .addOption(
      new Option('--if-exists <what>', 'what becomes of another document of the same name')
        .choices(['replace', 'error'])
        .default('replace'),
    )
    .option('--verbose', 'name each file of a folder that is skipped, and why')
    .addHelpText('after', '\nExample:\n  blockrag add handbook.pdf notes/ --collection station')
    .action(run(async () => (await import('./commands/add.ts')).add));

  withCommonOptions(program.command('ask'))
    .description('answer a question from the documents')
    .argument('<question>')
    .option('--collection <name>', 'collection to answer from')
    .addOption(attentionOption({ auto: true }))
    .option('--top-k <n>', 'passages in the prompt at most', wholeNumber(1), DEFAULT_TOP_K)
    .option('--max-tokens <n>', 'tokens of the answer at most', wholeNumber(1), DEFAULT_MAX_TOKENS)
    .option('--stream', 'print the answer as it comes')
    .addHelpText('after', '\nExample:\n  blockrag ask "When does the ferry leave?" --stream')
    .action(run(async () => (await import('./commands/ask.ts')).ask));
}

function addAgentCommands(program: Command, run: Run): void {
  withCommonOptions(program.command('search'))
    .description('find passages about a query, without an answer; the language model has no part in it')
    .argument('<query>')
    .option('--collection <name>', 'collection to search')
    .option('--top-k <n>', 'passages at most', wholeNumber(1), DEFAULT_TOP_K)
    .addHelpText('after', '\nExample:\n  blockrag search "ferry to Grimsay" --top-k 3 --json')
    .action(run(async () => (await import('./commands/search.ts')).search));

  withCommonOptions(program.command('mcp'))
    .description('serve the documents to an agent on stdin and stdout (Model Context Protocol)')
    .option('--collection <name>', 'collection that the tools use where they are given none')
    .addHelpText('after', '\nExample:\n  claude mcp add blockrag -- blockrag mcp --data ./station')
    .action(run(async () => (await import('./commands/mcp.ts')).mcp));
}

function addDocumentCommands(program: Command, run: Run): void {
  withCommonOptions(program.command('documents'))
    .description('list the documents')
    .option('--collection <name>', 'only those of one collection')
    .addHelpText('after', '\nExample:\n  blockrag documents --collection station')
    .action(run(async () => (await import('./commands/documents.ts')).listDocuments));

  withCommonOptions(program.command('passages'))
    .description('show the passages that a file would be stored as; nothing is stored')
    .argument('<file>', 'PDF, DOCX, HTML, Markdown or text file')
    .addHelpText('after', '\nExample:\n  blockrag passages handbook.pdf --json')
    .action(run(async () => (await import('./commands/passages.ts')).showPassages));

  withCommonOptions(program.command('remove'))
    .description('remove documents, and their text from the disk')
    .argument('<documents...>', 'ids or names, as "blockrag documents" shows them, or paths of the files')
    .option('--collection <name>', 'only look in one collection')
    .addHelpText('after', '\nExample:\n  blockrag remove handbook.pdf')
    .action(run(async () => (await import('./commands/documents.ts')).removeDocuments));

  withCommonOptions(program.command('reencode'))
    .description(
      'encode all documents again, for another --model, --adapter, --embedder, --kv or --passage-tokens',
    )
    .addHelpText('after', '\nExample:\n  blockrag reencode --kv fp16')
    .action(run(async () => (await import('./commands/documents.ts')).reencode));

  withCommonOptions(program.command('reindex'))
    .description('make the search index anew from the catalog; a server does so by itself when it is lost')
    .addHelpText('after', '\nExample:\n  blockrag reindex --data ./station')
    .action(run(async () => (await import('./commands/reindex.ts')).reindexCommand));

  withCommonOptions(program.command('stats'))
    .description('what is stored, and what is still to be done')
    .addHelpText('after', '\nExample:\n  blockrag stats --json')
    .action(run(async () => (await import('./commands/documents.ts')).showStats));
}

function addBackupCommands(program: Command, run: Run): void {
  const withDataOptions = (command: Command) =>
    command
      .option('--data <dir>', 'data directory (default: ./.blockrag, or $BLOCKRAG_DATA)')
      .option('--json', 'print JSON');
  withDataOptions(program.command('backup'))
    .description('copy the data directory into a new one, also while a server works on it')
    .argument('<directory>', 'a new or empty directory; on the same disk files are linked')
    .addHelpText('after', '\nExample:\n  blockrag backup /backups/monday --data ./station')
    .action(run(async () => (await import('./commands/backup.ts')).backupCommand));
  withDataOptions(program.command('restore'))
    .description('make a data directory of a backup, after its files were checked')
    .argument('<directory>', 'as backup made it')
    .addHelpText('after', '\nExample:\n  blockrag restore /backups/monday --data ./station')
    .action(run(async () => (await import('./commands/backup.ts')).restoreCommand));
  withCommonOptions(program.command('repair'))
    .description(
      'make documents, rows and the index again from the originals, when the catalog is lost or damaged',
    )
    .argument('[directory]', 'the data directory, as --data')
    .addHelpText('after', '\nExample:\n  blockrag repair ./station')
    .action(run(async () => (await import('./commands/repair.ts')).repairCommand));
}

function addModelCommands(program: Command, run: Run): void {
  const model = program.command('model').description('fetch, compile, list and remove models');
  model
    .command('pull')
    .description('download a model, the embedding model, and the reranker where one is set')
    .argument('[reference]', 'model name, path, hf:OWNER/REPO, or hf:OWNER/REPO/FILE.gguf')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  blockrag model pull hf:OWNER/REPO/FILE.gguf')
    .action(run(async () => (await import('./commands/model.ts')).pullModel));
  withCommonOptions(model.command('compile'))
    .description('compile a model and check it')
    .argument('[reference]', 'model name, path, hf:OWNER/REPO, or hf:OWNER/REPO/FILE.gguf')
    .addHelpText('after', '\nExample:\n  blockrag model compile smollm2-135m-instruct --compute q8')
    .action(run(async () => (await import('./commands/model.ts')).compileModelCommand));
  withCommonOptions(model.command('prompt'))
    .description('print the frame of the prompt as served, for fine-tuning (infra/finetune)')
    .option('--tokenizer <file>', 'also write the tokenizer to this file')
    .addHelpText('after', '\nExample:\n  blockrag model prompt --tokenizer tokenizer.json')
    .action(run(async () => (await import('./commands/model-prompt.ts')).printPrompt));
  model
    .command('list')
    .description('list models that can be named and those compiled here')
    .option('--json', 'print JSON')
    .action(run<[{ json?: boolean }]>(async () => (await import('./commands/model-cache.ts')).listModels));
  model
    .command('remove')
    .description('remove a downloaded model and what was compiled from it')
    .argument('<name>', 'name, as "blockrag model list" shows it')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  blockrag model remove qwen2.5-coder-1.5b-instruct')
    .action(
      run<[string, { json?: boolean }]>(
        async () => (await import('./commands/model-cache.ts')).removeModelCommand,
      ),
    );
}

function addToolCommands(program: Command, run: Run): void {
  withCommonOptions(program.command('logits'))
    .description('next-token log-probabilities of prompts given as token ids')
    .requiredOption(
      '--blocks <file>',
      'JSON: {"cases":[{"blocks":[[ids]]}]}, the last block of each is the final one',
    )
    .addOption(attentionOption({ auto: false }))
    .addHelpText('after', '\nExample:\n  blockrag logits --blocks cases.json --attention full')
    .action(run(async () => (await import('./commands/logits.ts')).logits));

  withCommonOptions(program.command('demo'))
    .description('add the sample documents and ask three questions, with block and with full attention')
    .action(run(async () => (await import('./commands/demo.ts')).demo));
}
