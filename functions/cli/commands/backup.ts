/** blockrag backup, restore: a whole copy of a data directory, and a data directory made of it. */
import { BlockragError } from '../../../shared/errors.ts';
import { type BackupReport, backUp, restore } from '../../../shared/stores/backup.ts';
import { toConfig } from '../config.ts';
import type { CommonOptions } from '../options.ts';
import { megabytes, print, printJson } from '../terminal.ts';

export async function backupCommand(
  directory: string,
  options: CommonOptions,
  signal: AbortSignal,
): Promise<number> {
  const data = dataOf(options);
  say(options, await backUp(data, directory, signal), `backed up ${data} into ${directory}`);
  return 0;
}

export async function restoreCommand(
  directory: string,
  options: CommonOptions,
  signal: AbortSignal,
): Promise<number> {
  const data = dataOf(options);
  say(options, await restore(directory, data, signal), `restored ${directory} into ${data}`);
  return 0;
}

function dataOf(options: CommonOptions): string {
  const { data, stores } = toConfig(options);
  if (stores === undefined) return data;
  const message =
    'Only a data directory is copied: of S3 and DynamoDB use versions and point-in-time recovery.';
  throw new BlockragError('invalid_option', message);
}

function say({ json }: CommonOptions, report: BackupReport, done: string): void {
  if (json === true) printJson(report);
  else print(`${done}: ${report.files} files, ${megabytes(report.bytes)}`);
}
