/** The build stage of a Dockerfile, done in a folder of this machine: no image can be built in tests. */
import { execFileSync } from 'node:child_process';
import { cp, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

export interface Instruction {
  name: string;
  /** Without continuation lines, which our Dockerfiles do not have. */
  text: string;
}

/** The instructions from the first FROM to the second, and the ARGs before it. */
export async function buildStage(dockerfile: string): Promise<Instruction[]> {
  const lines = (await readFile(dockerfile, 'utf8')).split('\n').filter((line) => /^[A-Z]/.test(line));
  const instructions = lines.map((line) => {
    const [name = '', ...words] = line.split(' ');
    return { name, text: words.join(' ') };
  });
  const [first = 0, second] = instructions.flatMap(({ name }, index) => (name === 'FROM' ? [index] : []));
  return instructions.slice(first + 1, second);
}

/**
 * Does COPY and RUN in an empty folder, ARG and ENV in the environment; what the caller's environment has stands.
 * @throws Error with the output of a step that fails
 */
export async function runStage(
  instructions: readonly Instruction[],
  { context, workdir, environment }: { context: string; workdir: string; environment: NodeJS.ProcessEnv },
): Promise<void> {
  const env = { ...environment };
  for (const { name, text } of instructions) {
    if (name === 'ARG' || name === 'ENV') {
      const [, variable = '', value = ''] = /^(\w+)=(.*)$/.exec(text) ?? [];
      env[variable] ??= value;
    } else if (name === 'COPY') {
      const words = text.split(' ');
      const target = join(workdir, words.pop() ?? '');
      const into = text.endsWith('/');
      for (const source of words) {
        const to = into ? join(target, basename(source)) : target;
        await cp(join(context, source), to, { recursive: true });
      }
    } else if (name === 'RUN') {
      execFileSync('sh', ['-c', text], { cwd: workdir, env, stdio: 'pipe' });
    }
  }
}
