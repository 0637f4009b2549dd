/** Processes for tests to kill. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const NODE_WITH_TSX = [process.execPath, '--import', import.meta.resolve('tsx')];
const pathOf = (script: string) => fileURLToPath(new URL(script, import.meta.url));

/** A child process and the lines that it has printed. */
export interface Child {
  pid: number;
  lines: string[];
  /** Resolves when that many lines are there, or the process has ended. */
  printed(count: number): Promise<void>;
  /** Kills it with SIGKILL and waits for its end. */
  kill(): Promise<void>;
  /** Waits for its end; the exit code. */
  ended: Promise<number | null>;
}

/** Starts a script of this folder in a process of its own. */
export function start(script: string, ...args: string[]): Child {
  return startCommand([...NODE_WITH_TSX, pathOf(script), ...args]);
}

/** Starts a script on a file system of 2 MiB, mounted on an empty directory that only the child sees so. */
export function startOnSmallDisk(script: string, directory: string): Child {
  const shell = 'mount -t tmpfs -o size=2m none "$0" && exec "$@"';
  return startCommand([
    'unshare',
    '-rm',
    'sh',
    '-c',
    shell,
    directory,
    ...NODE_WITH_TSX,
    pathOf(script),
    directory,
  ]);
}

function startCommand([command, ...args]: string[]): Child {
  const child: ChildProcess = spawn(command!, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  return {
    pid: child.pid!,
    lines,
    printed: async (count) => {
      while (lines.length < count && child.exitCode === null && child.signalCode === null) {
        await Promise.race([once(output, 'line'), ended]);
      }
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
    ended,
  };
}
