/** Jobs on this machine: the command of a JobDefinition as it is deployed, run as a child process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { BlockragError } from '../../errors.ts';
import type { JobQueue } from '../ports.ts';

/** What is read of an AWS::Batch::JobDefinition's Properties, its intrinsic functions resolved. */
export interface JobDefinition {
  Parameters?: Record<string, string>;
  ContainerProperties: {
    Command: string[];
    Environment?: { Name: string; Value: string }[];
  };
  RetryStrategy?: {
    Attempts?: number;
    EvaluateOnExit?: { Action: 'RETRY' | 'EXIT'; OnExitCode?: string; OnStatusReason?: string }[];
  };
}

export interface LocalJobOptions {
  definition: JobDefinition;
  /** Folder that the container's working directory is on this machine. */
  directory: string;
  /** Added to the definition's environment: what the role and the region are in AWS. */
  environment: NodeJS.ProcessEnv;
  onExit?(exit: { code: number | null; signal: NodeJS.Signals | null; retried: boolean }): void;
}

export interface LocalJobQueue extends JobQueue {
  /** The processes that run now. */
  processes(): readonly ChildProcess[];
  /** Resolves when no job is left. */
  idle(): Promise<void>;
}

/** Runs jobs as Batch would: parameters put into the command, retries as the definition says. */
export function openLocalJobs(options: LocalJobOptions): LocalJobQueue {
  const { definition, directory, environment } = options;
  const [file, ...args] = definition.ContainerProperties.Command.map((word) =>
    word.replace(/^Ref::(.+)$/, (_, name: string) => {
      const value = definition.Parameters?.[name];
      if (value === undefined) throw new BlockragError('invalid_option', `The job has no parameter ${name}.`);
      return value;
    }),
  );
  const given = Object.fromEntries(
    (definition.ContainerProperties.Environment ?? []).map(({ Name, Value }) => [Name, Value]),
  );
  const running = new Set<ChildProcess>();
  const jobs = new Set<Promise<void>>();

  const run = async () => {
    const attempts = definition.RetryStrategy?.Attempts ?? 1;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const child = spawn(file === 'node' ? process.execPath : file!, args, {
        cwd: directory,
        env: { ...environment, ...given },
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      running.add(child);
      const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
      running.delete(child);
      const retried = attempt < attempts && isRetried(definition, code, signal);
      options.onExit?.({ code, signal, retried });
      if (!retried) return;
    }
  };

  return {
    active: async () => jobs.size,
    async submit() {
      const job = run().finally(() => jobs.delete(job));
      jobs.add(job);
    },
    processes: () => [...running],
    async idle() {
      while (jobs.size > 0) await Promise.all(jobs);
    },
    async close() {
      for (const child of running) child.kill('SIGTERM');
      await Promise.all(jobs);
    },
  };
}

/** A lost machine shows as a signal here; Batch says "Host EC2 (instance i-...) terminated". */
function isRetried(
  { RetryStrategy }: JobDefinition,
  code: number | null,
  signal: NodeJS.Signals | null,
): boolean {
  for (const rule of RetryStrategy?.EvaluateOnExit ?? []) {
    const byCode = rule.OnExitCode !== undefined && code !== null && matches(rule.OnExitCode, String(code));
    const byReason = rule.OnStatusReason?.startsWith('Host EC2') === true && signal !== null;
    if (byCode || byReason) return rule.Action === 'RETRY';
  }
  return code !== 0;
}

function matches(pattern: string, text: string): boolean {
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}
