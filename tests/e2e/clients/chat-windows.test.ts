/** Requests of Open WebUI and LibreChat: tests/fixtures/clients. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT } from '../../support/product/command.ts';
import { temporaryDirectory } from '../../support/product/directory.ts';
import { type Server, startServer, uploadText } from '../../support/product/server.ts';
import { FERRY } from '../../support/product/texts.ts';

const MODEL = 'smollm2-135m-instruct';
let server: Server;
beforeAll(async () => {
  server = await startServer(temporaryDirectory());
  await uploadText(server, 'ferry.md', FERRY, 'station');
});
afterAll(() => server?.stop('SIGKILL'));

interface Recorded {
  what: string;
  path: string;
  body: { model: string; input?: unknown[]; stream?: boolean };
}

function recorded(name: string): Recorded[] {
  const text = readFileSync(join(PROJECT, 'tests/fixtures/clients', `${name}.json`), 'utf8');
  return JSON.parse(text.replaceAll('"MODEL', `"${MODEL}`)) as Recorded[];
}

describe.each(['open-webui', 'librechat'])('%s', (name) => {
  it.each(recorded(name).map((one) => [one.what, one] as const))(
    'is answered: %s',
    async (_what, { path, body }) => {
      const response = await server.post(path, body);
      const text = await response.text();
      expect(response.status, text).toBe(200);
      if (path === '/v1/embeddings') {
        expect(JSON.parse(text).data).toHaveLength(body.input!.length);
        return;
      }
      const ended =
        path === '/v1/responses' ? /"type":"response\.(completed|incomplete)"/ : /data: \[DONE\]\s*$/;
      if (body.stream) expect(text).toMatch(ended);
      else expect(JSON.parse(text).choices[0].message.content).not.toBe('');
      if (body.model.includes('@')) expect(text).toContain('"document":"ferry.md"');
    },
  );
});
