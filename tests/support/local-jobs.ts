/** Jobs on this machine: the command of a JobDefinition as it is deployed, run as a child process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { BlockragError } from '../../shared/errors.ts';
import type { JobQueue } from '../../shared/storage/ports.ts';

/** What is read of an AWS::Batch::JobDefinition's Properties, its intrinsic functions resolved. */
export interface JobDefinition {
  Parameters?: Record<string, string>;
  ContainerProperties: {
    Command: string[];
    Environment?: { Name: string; Value: string }[];
  };
  RetryStrategy?: {
    Attempts?: number;
    EvaluateOnExit?: RetryRule[];
  };
}

type Condition = 'OnExitCode' | 'OnStatusReason' | 'OnReason';
/** A condition is a text, or the beginning of one and a star. */
type RetryRule = { Action: 'RETRY' | 'EXIT' } & { [K in Condition]?: string };

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
  let closed = false;

  const run = async () => {
    const attempts = definition.RetryStrategy?.Attempts ?? 1;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const child = spawn(file === 'node' ? process.execPath : file!, args, {
        cwd: directory,
        env: { ...environment, ...given },
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      running.add(child);
      const [code, signal] = await endOf(child);
      running.delete(child);
      const retried = !closed && attempt < attempts && isRetried(definition, code, signal);
      options.onExit?.({ code, signal, retried });
      if (!retried) return;
    }
  };

  return {
    active: async (most) => Math.min(most, jobs.size),
    async submit() {
      const job = run().finally(() => jobs.delete(job));
      jobs.add(job);
    },
    processes: () => [...running],
    async idle() {
      while (jobs.size > 0) await Promise.all(jobs);
    },
    async close() {
      closed = true;
      for (const child of running) child.kill('SIGTERM');
      await Promise.all(jobs);
    },
  };
}

/** What a shell says of a command that it cannot start. */
const NOT_STARTED = 127;

async function endOf(child: ChildProcess): Promise<[code: number | null, signal: NodeJS.Signals | null]> {
  try {
    return (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  } catch {
    return [NOT_STARTED, null];
  }
}

/** As Batch does: the first rule whose conditions all hold decides; where none does, what failed is tried again. */
function isRetried(
  { RetryStrategy }: JobDefinition,
  code: number | null,
  signal: NodeJS.Signals | null,
): boolean {
  if (code === 0) return false;
  const facts: Record<Condition, string> = {
    OnExitCode: String(code ?? ''),
    // A lost machine shows as a signal here.
    OnStatusReason: signal === null ? 'Essential container in task exited' : LOST_HOST,
    OnReason: '',
  };
  const holds = (rule: RetryRule) =>
    CONDITIONS.every((name) => rule[name] === undefined || matches(rule[name], facts[name]));
  return RetryStrategy?.EvaluateOnExit?.find(holds)?.Action !== 'EXIT';
}

const LOST_HOST = 'Host EC2 (instance i-0) terminated.';
const CONDITIONS: readonly Condition[] = ['OnExitCode', 'OnStatusReason', 'OnReason'];

function matches(pattern: string, text: string): boolean {
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}
