/** `blockrag` commands, run as users run them: a process each. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { StatsView, SystemView, WorkView } from '../../../shared/api/views/system.ts';

export const PROJECT = join(import.meta.dirname, '../../..');
export const BLOCKRAG = join(PROJECT, 'functions/cli/blockrag.js');

export interface Finished {
  /** null when a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** What `blockrag stats --json` prints. */
export type Facts = SystemView & StatsView & { work?: WorkView };

export interface RunOptions {
  /** The working directory: documents are named from here. */
  cwd?: string;
  env?: Record<string, string>;
  /** Once aborted, the process gets what Ctrl-C sends. */
  interrupt?: AbortSignal;
}

/** Runs a command to its end. */
export function blockrag(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return runProcess([process.execPath, BLOCKRAG, ...args], options);
}

/** Runs a command with --json; gives the exit code, what it printed, and its stderr. */
export async function blockragJson<T>(
  args: readonly string[],
  options: RunOptions = {},
): Promise<{ code: number | null; value: T; stderr: string }> {
  const { code, stdout, stderr } = await blockrag([...args, '--json'], options);
  const last = stdout.trim().split('\n').at(-1) ?? '';
  if (last === '') throw new Error(`blockrag ${args.join(' ')} printed nothing: ${stderr}`);
  return { code, value: JSON.parse(last) as T, stderr };
}

/** Starts a command, to be killed. */
export function startBlockrag(
  args: readonly string[],
  options: RunOptions = {},
): { running(): boolean; kill(): Promise<void> } {
  const child = spawn(process.execPath, [BLOCKRAG, ...args], { cwd: options.cwd, stdio: 'ignore' });
  const ended = once(child, 'close');
  return {
    running: () => child.exitCode === null && child.signalCode === null,
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Runs any program to its end. */
export function runProcess(
  [command, ...args]: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  const child = spawn(command!, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  options.interrupt?.addEventListener('abort', () => child.kill('SIGINT'));
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
