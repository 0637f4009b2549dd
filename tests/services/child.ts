/** A server as a child process that never outlives this one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A command that serves on a port of the loopback interface. */
export interface ServerCommand {
  command: string;
  args: string[];
  env?: Record<string, string>;
}

/** A server that answers. */
export interface RunningServer {
  endpoint: string;
  /** Kills it and all that it has started, and removes its directory. */
  stop(): Promise<void>;
}

const START_MS = 60_000;
const POLL_MS = 30;
const OUTPUT_CHARACTERS = 4000;
const ATTEMPTS = 3;

/**
 * The shell becomes the server. Before, it leaves a watcher in the same process group that waits for the end
 * of its input, a pipe from us: it ends with us even if we are killed, and the watcher kills the group.
 */
const WATCHED = `exec 3<&0 </dev/null
(exec >/dev/null 2>&1; read -r _ <&3; kill -KILL 0) &
exec 3<&- "$@"`;

/**
 * Starts a server on a free port, with an empty directory of its own, and waits until it answers HTTP.
 * @param commandFor the command for a port and a directory
 * @param path what is asked for to see whether it answers, with any status
 * @throws Error with the server's output when it ends or does not answer
 */
export async function startChild(
  name: string,
  commandFor: (port: number, directory: string) => ServerCommand,
  path = '/',
): Promise<RunningServer> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const directory = await mkdtemp(join(tmpdir(), `blockrag-${name}-`));
    const server = launch(commandFor(port, directory), directory);
    const endpoint = `http://127.0.0.1:${port}`;
    const stop = async () => {
      await server.kill();
      await rm(directory, { recursive: true, force: true });
    };
    if (await answers(endpoint + path, server)) return { endpoint, stop };
    await stop();
    // Another process may have taken the port meanwhile.
    if (attempt === ATTEMPTS) throw new Error(`${name} does not start:\n${server.output()}`);
  }
}

function launch({ command, args, env }: ServerCommand, directory: string) {
  const child = spawn('sh', ['-c', WATCHED, 'sh', command, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: directory,
    env: { ...process.env, TMPDIR: directory, ...env },
    // A process group of its own: for the watcher, and so that Ctrl-C in a terminal reaches only us.
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-OUTPUT_CHARACTERS);
    });
  }
  let killed = false;
  const ended = once(child, 'exit');
  return {
    output: () => output.trim(),
    running: () => child.exitCode === null && child.signalCode === null,
    kill: async () => {
      // The watcher keeps the group ours until the first call. -0 would be our own group.
      if (!killed && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      killed = true;
      await ended;
    },
  };
}

async function answers(url: string, server: { running(): boolean }): Promise<boolean> {
  for (const end = Date.now() + START_MS; Date.now() < end && server.running(); await delay(POLL_MS)) {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) }).catch(() => undefined);
    await response?.body?.cancel();
    if (response !== undefined) return server.running();
  }
  return false;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
