import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OTHER_VARIABLES } from '../../../infra/docs/configuration.ts';
import { referencePages } from '../../../infra/docs/pages.ts';
import { variableOf } from '../../../shared/config-given.ts';
import { cloudSchema, configSchema } from '../../../shared/config-schema.ts';
import { ERROR_STATUS } from '../../../shared/errors.ts';

const pages = referencePages();

const filesOf = (folder: string, ending = '.ts') =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));

describe('docs/reference', () => {
  it.each(Object.entries(pages))('%s is what the code says; otherwise run "npm run docs"', (path, text) => {
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('names every variable whole, with a meaning', () => {
    const settings = [...Object.entries(configSchema.shape), ...Object.entries(cloudSchema.shape)];
    for (const [name, schema] of settings) {
      expect(pages['docs/reference/configuration.md']).toContain(`| \`${variableOf(name)}\` |`);
      expect(schema.description, name).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('names every variable that an entry point reads itself', () => {
    const read = filesOf('functions')
      .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/process\.env\.([A-Z_0-9]+)/g)])
      .map(([, name]) => name);
    expect(new Set(read)).toEqual(new Set(Object.keys(OTHER_VARIABLES)));
  });

  it('says of every error code what it means', () => {
    for (const code of Object.keys(ERROR_STATUS)) {
      expect(pages['docs/reference/errors.md']).toMatch(
        new RegExp(`\\| \`${code}\` \\| \\d{3} \\| [A-Z].+\\. \\|`),
      );
    }
  });
});

describe('the documentation', () => {
  const documents = [
    ...filesOf('docs', '.md'),
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'SECURITY.md',
    'README.md',
  ];

  it.each(documents)('%s links to files that are there', (document) => {
    const links = [...readFileSync(document, 'utf8').matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(
      ([, link]) => link ?? '',
    );
    const missing = links.filter(
      (link) => !/^[a-z]+:/.test(link) && !existsSync(join(dirname(document), link)),
    );
    expect(missing).toEqual([]);
  });

  it('docs/architecture.md names files and folders that are there', () => {
    const named = [
      ...readFileSync('docs/architecture.md', 'utf8').matchAll(
        /`((?:shared|functions|infra|tests)\/[^`\s]*)`/g,
      ),
    ];
    expect(named.length).toBeGreaterThan(20);
    expect(named.map(([, path]) => path ?? '').filter((path) => !existsSync(path))).toEqual([]);
  });
});

describe('docs/lab/documents.md', () => {
  it('names tests that are there', () => {
    const page = readFileSync('docs/lab/documents.md', 'utf8');
    const named = [...page.matchAll(/\| `([\w/-]+)`: (.+) \|$/gm)];
    expect(named).toHaveLength(48);
    for (const [, file, name] of named) {
      expect(readFileSync(`tests/${file}.test.ts`, 'utf8'), file).toContain(name!);
    }
  });
});
