/** `blockrag serve` on a free port, and the requests that tests make of it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { AnswerView } from '../../../shared/api/views/answer.ts';
import type { DocumentView } from '../../../shared/api/views/document.ts';
import type { StatsView, SystemView, WorkView } from '../../../shared/api/views/system.ts';
import { BLOCKRAG } from './command.ts';

export interface Server {
  url: string;
  pid: number;
  /** Its exit code once it has ended; null: by a signal. */
  ended: Promise<number | null>;
  /** All that it has logged. */
  log(): string;
  /** All that it has written to stdout. */
  output(): string;
  /** Sends a signal and waits for the end; the exit code, null after SIGKILL. */
  stop(signal?: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<number | null>;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  post(path: string, body: unknown, signal?: AbortSignal): Promise<Response>;
  system(): Promise<SystemView>;
  work(): Promise<WorkView>;
  stats(): Promise<StatsView>;
  /** The same server, asked with an API key. */
  as(key: string): Server;
}

/** Starts `serve --port 0` on a data directory and waits until it answers. */
export async function startServer(
  data: string | undefined,
  env: Record<string, string> = {},
  options: readonly string[] = [],
  command: string = BLOCKRAG,
): Promise<Server> {
  const place = data === undefined ? [] : ['--data', data];
  const args = [command, 'serve', '--port', '0', '--json', ...place, ...options];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line').then(([first]) => first as string),
    ended.then((code) => {
      throw new Error(`serve ended with ${code}: ${log}`);
    }),
  ]);
  const { url } = JSON.parse(line) as { url?: string };
  if (url === undefined) throw new Error(`serve failed: ${line}`);
  const server = (key?: string): Server => {
    const request = (path: string, init: RequestInit = {}) => {
      const headers = new Headers(init.headers);
      if (key !== undefined) headers.set('authorization', `Bearer ${key}`);
      return fetch(`${url}${path}`, { ...init, headers });
    };
    return {
      url,
      pid: child.pid!,
      ended,
      log: () => log,
      output: () => output,
      stop: (signal = 'SIGTERM') => {
        if (child.exitCode === null && child.signalCode === null) child.kill(signal);
        return ended;
      },
      fetch: request,
      post: (path, body, signal) =>
        request(path, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
          ...(signal === undefined ? {} : { signal }),
        }),
      system: async () => (await request('/v1/system')).json() as Promise<SystemView>,
      work: async () => (await request('/v1/work')).json() as Promise<WorkView>,
      stats: async () => (await request('/v1/stats')).json() as Promise<StatsView>,
      as: server,
    };
  };
  return server();
}

/** Uploads a text and waits until it is ready or has failed. */
export async function uploadText(
  server: Server,
  name: string,
  text: string,
  collection?: string,
): Promise<DocumentView> {
  const response = await server.post('/v1/documents', { name, text, collection });
  const view = (await response.json()) as DocumentView;
  if (!response.ok) throw new Error(`upload of ${name}: ${JSON.stringify(view)}`);
  return settled(server, view.id);
}

/** Waits until a document is ready or has failed. */
export async function settled(server: Server, id: string): Promise<DocumentView> {
  for (;;) {
    const view = (await (await server.fetch(`/v1/documents/${id}`)).json()) as DocumentView;
    if (view.status === 'ready' || view.status === 'failed') return view;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Asks without streaming. */
export async function askServer(
  server: Server,
  question: string,
  more: Record<string, unknown> = {},
): Promise<AnswerView> {
  const response = await server.post('/v1/query', { question, max_tokens: 8, ...more });
  const body = await response.json();
  if (!response.ok) throw new Error(`the question failed: ${JSON.stringify(body)}`);
  return body as AnswerView;
}

export interface ServerSentEvent {
  event: string;
  data: unknown;
}

/** The events of a streamed answer as they come. */
export async function* eventsOf(response: Response): AsyncGenerator<ServerSentEvent> {
  let buffered = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const records = (buffered + chunk).split('\n\n');
    buffered = records.pop()!;
    for (const record of records) {
      const event = /^event: ?(.*)$/m.exec(record)?.[1] ?? 'message';
      yield { event, data: JSON.parse(/^data: ?(.*)$/m.exec(record)?.[1] ?? 'null') };
    }
  }
}
