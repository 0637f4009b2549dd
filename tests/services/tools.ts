/** The programs that install the servers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Step } from './recipes.ts';

/** A program that must be on the PATH, and the Debian packages that bring it. */
export interface Tool {
  program: string;
  packages: string;
}

export const TOOLS = {
  go: { program: 'go', packages: 'golang-go' },
  mvn: { program: 'mvn', packages: 'maven' },
  javac: { program: 'javac', packages: 'openjdk-17-jdk-headless' },
  python3: { program: 'python3', packages: 'python3 python3-venv' },
  npm: { program: 'npm', packages: 'npm' },
  cxx: { program: 'g++', packages: 'g++' },
  make: { program: 'make', packages: 'make' },
  cmake: { program: 'cmake', packages: 'cmake' },
  autoconf: { program: 'autoconf', packages: 'autoconf' },
  automake: { program: 'automake', packages: 'automake' },
  libtoolize: { program: 'libtoolize', packages: 'libtool' },
} as const satisfies Record<string, Tool>;

const OUTPUT_CHARACTERS = 4000;

/** @throws Error naming the first program that is missing and what to install */
export function requireTools(title: string, tools: readonly Tool[]): void {
  const folders = (process.env.PATH ?? '').split(delimiter);
  for (const { program, packages } of tools) {
    if (folders.some((folder) => isExecutable(join(folder, program)))) continue;
    throw new Error(`${title} needs ${program}, which is not installed: apt-get install ${packages}`);
  }
}

/** Runs a command to its end. @throws Error with the end of what it printed */
export async function runStep({ command, args, env }: Step): Promise<void> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-OUTPUT_CHARACTERS);
    });
  }
  const [code, signal] = await once(child, 'close');
  if (code !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${code ?? signal}:\n${output.trim()}`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
