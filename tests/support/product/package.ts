/** The npm package: packed as for a release, installed in an empty folder, run on one Node or another. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Finished, PROJECT, runProcess } from './command.ts';

// `npm test` hands the project's own settings on to its children: a user has none of them.
const DEFAULTS = {
  npm_config_ignore_scripts: 'false',
  npm_config_engine_strict: 'false',
  npm_config_prefer_offline: 'true',
};

async function npm(folder: string, ...args: string[]): Promise<string> {
  // As README says: without it the install script of onnxruntime-node fetches CUDA's libraries.
  const env = { ...DEFAULTS, ONNXRUNTIME_NODE_INSTALL: 'skip' };
  const { code, stdout, stderr } = await runProcess(['npm', ...args], { cwd: folder, env });
  if (code !== 0) throw new Error(`npm ${args.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
}

/** Builds and packs the project into a folder. */
export async function packProject(folder: string): Promise<{ tarball: string; files: string[] }> {
  const printed = await npm(PROJECT, 'pack', '--json', '--loglevel=error', '--pack-destination', folder);
  // Before npm 12 a list, since then by name.
  const [packed] = Object.values(JSON.parse(printed.slice(printed.search(/^[[{]/m)))) as [
    { filename: string; files: { path: string }[] },
  ];
  return { tarball: join(folder, packed.filename), files: packed.files.map(({ path }) => path) };
}

/** Makes a project in an empty folder and installs packages, by name or file. */
export async function installPackages(folder: string, ...packages: string[]): Promise<void> {
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  await npm(folder, 'install', '--no-audit', '--no-fund', ...packages);
}

/** Another version of Node from the registry; gives its binary. */
export async function installNode(folder: string, version: string): Promise<string> {
  await installPackages(folder, `node@${version}`);
  return join(folder, 'node_modules/node/bin/node');
}

export interface PackageRunner {
  /** Runs a file of the folder by this Node. */
  node(args: readonly string[], env?: Record<string, string>): Promise<Finished>;
  /** Runs the command as npx does. */
  blockrag(...args: string[]): Promise<Finished>;
  /** Starts `blockrag serve` on a free port. */
  serve(...args: string[]): Promise<{ url: string; stop(): Promise<void> }>;
}

/** Runs what is installed in a folder by a Node of one's choice. */
export function runnerIn(folder: string, node: string): PackageRunner {
  const env = { ...process.env, ...DEFAULTS, PATH: `${dirname(node)}:${process.env.PATH}` };
  const command = join(folder, 'node_modules/.bin/blockrag');
  return {
    node: (args, environment = {}) =>
      runProcess([node, ...args], { cwd: folder, env: { ...env, ...environment } }),
    blockrag: (...args) => runProcess(['npx', '--no-install', 'blockrag', ...args], { cwd: folder, env }),
    serve: async (...args) => {
      // Not through npx, which would have to be killed with its child.
      const child = spawn(node, [command, 'serve', '--port', '0', '--json', ...args], {
        cwd: folder,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let log = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        log += text;
      });
      const ended = once(child, 'close');
      const first = once(createInterface({ input: child.stdout }), 'line').then(([line]) => line as string);
      const line = await Promise.race([first, ended.then(() => '{}')]);
      const { url } = JSON.parse(line) as { url?: string };
      if (url === undefined) throw new Error(`serve failed: ${line} ${log}`);
      const stop = async () => {
        child.kill('SIGTERM');
        await ended;
      };
      return { url, stop };
    },
  };
}
