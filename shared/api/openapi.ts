/** /openapi.json: what the API is, generated from the schemas that validate; /docs: where to read about it. */
import type { Api } from './route.ts';

const ABOUT = {
  openapi: '3.1.0',
  info: {
    title: 'blockrag',
    version: '1',
    description:
      'Retrieval-augmented answers from documents that are read once. Errors are problem+json (RFC 9457) with a stable code; the routes that OpenAI clients speak to answer with errors of their shape.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  tags: [
    { name: 'documents', description: 'What is answered from.' },
    { name: 'questions', description: 'Answers with citations.' },
    { name: 'openai', description: 'What OpenAI clients speak.' },
    { name: 'keys', description: 'Who may do what.' },
    { name: 'system', description: 'How it goes.' },
  ],
};

const DOCS = `<!doctype html><html lang="en"><meta charset="utf-8"><title>blockrag API</title>
<h1>blockrag API</h1><p>The API is described by <a href="openapi.json">openapi.json</a> (OpenAPI 3.1), for any
viewer or client generator, and by docs/guide/api.md.</p></html>`;

/** Adds both routes. They are not part of the description. */
export function serveDescription(app: Api): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key, brk_...; a server on loopback without keys needs none.',
  });
  let description: ReturnType<Api['getOpenAPI31Document']> | undefined;
  app.get('/openapi.json', (c) => {
    description ??= app.getOpenAPI31Document(ABOUT);
    return c.json(description);
  });
  app.get('/docs', (c) => c.html(DOCS));
}
